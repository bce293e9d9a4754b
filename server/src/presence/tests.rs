//! Nodes that gossip over a way that loses and delays.
