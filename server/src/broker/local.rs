//! The broker of one node: a bounded channel from whoever publishes to this node's fan-out.

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Broker, BrokerError, Publication, Topic};

/// In-process broker. It carries every topic, wanted or not: what nobody here wants ends at the hub, which costs
/// less than to know it before, and a topic that is given up while another session wants it is no race.
#[derive(Debug)]
pub struct LocalBroker {
    sender: mpsc::Sender<Publication>,
    stream: Mutex<Option<mpsc::Receiver<Publication>>>,
}

impl LocalBroker {
    /// A broker whose way holds at most `capacity` publications; past that, publishers wait.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        Self { sender, stream: Mutex::new(Some(receiver)) }
    }
}

#[async_trait]
impl Broker for LocalBroker {
    async fn publish(&self, publication: Publication) -> Result<(), BrokerError> {
        self.sender.send(publication).await.map_err(|_| BrokerError("the node is stopping".to_owned()))
    }

    async fn publish_here(&self, publication: Publication) -> Result<(), BrokerError> {
        self.publish(publication).await
    }

    async fn subscribe(&self, _topic: Topic) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn unsubscribe(&self, _topic: Topic) -> Result<(), BrokerError> {
        Ok(())
    }

    fn take_stream(&self) -> Option<mpsc::Receiver<Publication>> {
        self.stream.lock().take()
    }

    async fn check(&self) -> Result<(), BrokerError> {
        if self.sender.is_closed() { Err(BrokerError("the node is stopping".to_owned())) } else { Ok(()) }
    }
}
