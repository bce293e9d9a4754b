//! PostgreSQL: stopped at once, and given a column and an index while all write.

use super::super::schema;
use super::{HEALED, HEALED_ALWAYS, Probe, Steps};
use crate::error::Error;

impl Steps<'_> {
    /// `pg_ctl restart -m immediate`: what was not committed is gone, and no connection ends in peace.
    pub(super) async fn postgres_restarts(&mut self, probe: &mut Probe) -> Result<(), Error> {
        self.cluster.postgres.stop_immediate()?;
        self.cluster.postgres.start_again()?;
        let ready = self.until_ready().await;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!(
            "PostgreSQL restarted; ready after {ready:.1?}, all saw a message after {seen:.1?}"
        ));
        let ended = self.cluster.nodes.iter().filter(|node| !node.is_running()).count();
        let nodes = self.cluster.nodes.len();
        self.outcome.promise("PostgreSQL restarted: no node had to be", nodes, ended);
        self.outcome.time("PostgreSQL back: each node serves", ready, HEALED, HEALED_ALWAYS);
        Ok(())
    }

    /// What a later version will do to the busiest table. Every restart after it is on that version's tables.
    pub(super) async fn tables_change(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let (changed, acked) = schema::change(&self.cluster.database.url(), probe).await?;
        self.context.say(format!("a table was changed in {changed:.1?}; ACKs meanwhile within {acked:.1?}"));
        self.acknowledged("a table is changed", acked);
        Ok(())
    }
}
