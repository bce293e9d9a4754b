//! One connection: both directions, until one of them is cut or both have ended.

use tokio::net::TcpStream;

use super::door::Passing;
use super::pump::Pump;
use super::tally::Tally;
use super::toxic::Course;

/// Runs a connection to its end. A cut is a reset towards both sides, whatever they had still to say.
pub(super) async fn run(
    mut client: TcpStream,
    mut server: TcpStream,
    (course, mut random): (Course, fastrand::Rng),
    mut passing: Passing,
    tally: &Tally,
) {
    let ended = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = Pump {
            toxics: &course.up,
            random: random.fork(),
            passing: passing.clone(),
            tally,
            is_reply: false,
        };
        let down = Pump { toxics: &course.down, random, passing: passing.clone(), tally, is_reply: true };
        tokio::select! {
            ended = async { tokio::try_join!(up.run(from_client, to_server), down.run(from_server, to_client)) } => {
                ended.is_ok()
            }
            () = passing.cut() => {
                tally.by_hand();
                false
            }
        }
    };
    if !ended {
        reset(client);
        reset(server);
    }
}

/// Ends a connection so that the peer sees a reset.
pub(super) fn reset(stream: TcpStream) {
    // Where it fails the connection is gone already.
    let _ = stream.set_zero_linger();
    drop(stream);
}
