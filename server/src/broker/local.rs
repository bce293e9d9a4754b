//! The broker of one node: a bounded channel from whoever publishes to this node's fan-out.

use std::collections::HashSet;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Broker, BrokerError, Publication, Topic};

/// In-process broker. Publications of topics that nobody here wants go no further.
#[derive(Debug)]
pub struct LocalBroker {
    wanted: Mutex<HashSet<Topic>>,
    sender: mpsc::Sender<Publication>,
    stream: Mutex<Option<mpsc::Receiver<Publication>>>,
}

impl LocalBroker {
    /// A broker whose way holds at most `capacity` publications; past that, publishers wait.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        Self { wanted: Mutex::default(), sender, stream: Mutex::new(Some(receiver)) }
    }
}

#[async_trait]
impl Broker for LocalBroker {
    async fn publish(&self, publication: Publication) -> Result<(), BrokerError> {
        let wanted = publication.topic == Topic::All || self.wanted.lock().contains(&publication.topic);
        if !wanted {
            return Ok(());
        }
        self.sender.send(publication).await.map_err(|_| BrokerError("the node is stopping".to_owned()))
    }

    async fn subscribe(&self, topic: Topic) -> Result<(), BrokerError> {
        self.wanted.lock().insert(topic);
        Ok(())
    }

    async fn unsubscribe(&self, topic: Topic) -> Result<(), BrokerError> {
        self.wanted.lock().remove(&topic);
        Ok(())
    }

    fn take_stream(&self) -> Option<mpsc::Receiver<Publication>> {
        self.stream.lock().take()
    }

    async fn check(&self) -> Result<(), BrokerError> {
        if self.sender.is_closed() { Err(BrokerError("the node is stopping".to_owned())) } else { Ok(()) }
    }
}
