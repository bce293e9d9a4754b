//! A connection to Redis for questions now and then: made when the first is asked, and again where it was lost.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, RedisResult};
use tokio::sync::Mutex;

use super::Address;

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks Redis.
pub(super) struct Asking {
    address: Address,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl Asking {
    pub(super) fn new(address: Address) -> Self {
        Self { address, connection: Mutex::new(None) }
    }

    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let mut connection = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        if answer.is_err() {
            *self.connection.lock().await = None;
        }
        answer
    }

    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = &*connection {
            return Ok(open.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let opened = self.address.client().get_multiplexed_async_connection_with_config(&config).await?;
        *connection = Some(opened.clone());
        Ok(opened)
    }
}
