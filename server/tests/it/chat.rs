//! Chat over WebSocket: what the contract promises, seen from outside.

mod direct;
mod fallback;
mod keep_alive;
mod large_rooms;
mod limits;
mod logs;
mod notifications;
mod presence;
mod reads;
mod resets;
mod restart;
mod resume;
mod rooms;
mod seed_client;
mod tokens;
