//! What must not stand in the logs of nginx and of the nodes: tokens, and the end of a thread.

use tidings_testbed::cluster::{Cluster, status};

use super::super::panics::has_panic;
use super::super::secrets::has_secret;
use super::{Context, Outcome};
use crate::error::Error;

/// Nobody else asks for it.
const NOTHING: &str = "/api/v1/nothing";

/// Asks with a token in the query, as a browser must.
pub(super) fn ask_with_a_token_in_the_query(cluster: &Cluster, token: &str) {
    for path in ["/healthz", "/ws/chat", NOTHING] {
        // What is answered does not matter.
        let _ = status(cluster.nginx.port(), &format!("{path}?token={token}"));
    }
}

/// Looks for the token that was asked with, for any other in a query, and for threads that have panicked.
pub(super) fn search(cluster: &Cluster, token: &str, outcome: &mut Outcome) {
    let (nginx, nodes) = (cluster.nginx.logged(), cluster.nodes.iter().map(|node| node.logged()));
    let nodes: Vec<String> = nodes.collect();
    let unseen = !nginx.contains(NOTHING) || !nodes.iter().any(|log| log.contains(NOTHING));
    outcome.promise(
        "what was asked with a token stands in the logs, so that it means something",
        1,
        usize::from(unseen),
    );
    let mut logs = nodes;
    logs.push(nginx);
    let told = logs.iter().filter(|log| has_token(log, token)).count();
    outcome.promise("no log of nginx or a node has a token in it", logs.len(), told);
    let panicked = logs.iter().filter(|log| has_panic(log)).count();
    outcome.promise("nothing in a node has panicked", logs.len(), panicked);
}

/// Leaves them where something was broken.
pub(super) fn leave(context: &Context, cluster: &Cluster, outcome: &Outcome) -> Result<(), Error> {
    if outcome.is_kept(context.size(false, true)) {
        return Ok(());
    }
    context.leave("nginx.log", &cluster.nginx.logged())?;
    for (number, node) in cluster.nodes.iter().enumerate() {
        context.leave(&format!("node-{}.log", number + 1), &node.logged())?;
    }
    Ok(())
}

/// Its signature is looked for: what stands before it is the same in many, or says nothing.
fn has_token(log: &str, token: &str) -> bool {
    let signature = token.rsplit('.').next().unwrap_or(token);
    log.contains(signature) || has_secret(log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_whatever_it_stands() {
        let line = |query: &str| format!("DEBUG answered uri=\"/ws/chat?{query}\" status=401");
        assert!(has_token(&line("token=head.claims.signature"), "head.claims.signature"));
        assert!(has_token(&line("x=signature"), "head.claims.signature"));
        assert!(has_token(&line("token=anothers"), "head.claims.signature"));
        assert!(!has_token(&line("token=[REDACTED]"), "head.claims.signature"));
    }
}
