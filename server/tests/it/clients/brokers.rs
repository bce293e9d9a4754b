//! Brokers of several nodes in one process: each hears what any of them publishes.

use std::sync::Mutex;

use async_trait::async_trait;
use tidings_server::broker::{Broker, BrokerError, Publication, Topic};
use tokio::sync::mpsc;

#[derive(Debug)]
pub(crate) struct Joined {
    all: Vec<mpsc::Sender<Publication>>,
    own: mpsc::Sender<Publication>,
    stream: Mutex<Option<mpsc::Receiver<Publication>>>,
}

/// As many as there are nodes.
pub(crate) fn joined(nodes: usize) -> Vec<Joined> {
    let (all, streams): (Vec<_>, Vec<_>) = (0..nodes).map(|_| mpsc::channel(1024)).unzip();
    let streams = streams.into_iter().enumerate();
    streams
        .map(|(at, stream)| Joined {
            all: all.clone(),
            own: all[at].clone(),
            stream: Mutex::new(Some(stream)),
        })
        .collect()
}

#[async_trait]
impl Broker for Joined {
    async fn publish(&self, publication: Publication) -> Result<(), BrokerError> {
        for node in &self.all {
            // A node that has stopped hears nothing.
            let _ = node.send(publication.clone()).await;
        }
        Ok(())
    }

    async fn publish_here(&self, publication: Publication) -> Result<(), BrokerError> {
        self.own.send(publication).await.map_err(|e| BrokerError(e.to_string()))
    }

    async fn subscribe(&self, _topic: Topic) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn unsubscribe(&self, _topic: Topic) -> Result<(), BrokerError> {
        Ok(())
    }

    fn take_stream(&self) -> Option<mpsc::Receiver<Publication>> {
        self.stream.lock().unwrap().take()
    }

    async fn check(&self) -> Result<(), BrokerError> {
        Ok(())
    }
}
