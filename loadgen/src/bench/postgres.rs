//! Acknowledged messages on PostgreSQL: through one node, and through several that share it.

use tidings_testbed::cluster::{Cluster, Services};

use super::{UNPACED, acks};
use crate::bench::target::Target;
use crate::cli::BenchArgs;
use crate::cluster;
use crate::error::Error;
use crate::report::Report;
use crate::server::{self, UNCAPPED};
use crate::token::Secret;

/// Nodes of each measurement.
const NODES: [usize; 2] = [1, 3];

/// Adds two rows for each number of nodes.
pub(super) async fn measure(args: &BenchArgs, report: &mut Report) -> Result<(), Error> {
    for nodes in NODES {
        eprintln!("postgres: {nodes} nodes");
        let secret = Secret::random();
        let flags = [UNCAPPED, UNPACED].concat();
        let plan = cluster::plan(&server::binary(&args.server)?, &flags, secret.expose(), nodes);
        let services = Services::start()?;
        let places = services.places();
        let cluster = Cluster::on(services, &plan, |_| places.clone())?;
        let what =
            if nodes == 1 { "PostgreSQL, one node".to_owned() } else { format!("PostgreSQL, {nodes} nodes") };
        acks::measure(&Target::cluster(&cluster, &secret), args, Some(&what), report).await?;
    }
    Ok(())
}
