//! What the kernel has counted on the TCP connections of a server, as `ss` tells it: no rights are needed for that, and no
//! packet has to be caught.

use std::process::Command;

use tidings_testbed::process;

use crate::error::Error;

/// Bytes around each segment on Ethernet: 14 of its own, 20 of IPv4, 32 of TCP with timestamps. TLS comes on top.
const HEADERS: f64 = 66.0;

/// All connections of a port together, since each of them began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// How many they are.
    pub connections: usize,
    /// To the clients.
    pub out: Way,
    /// From the clients.
    pub back: Way,
}

/// One direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// What was carried.
    pub bytes: u64,
    /// In how many segments, those that only acknowledge among them.
    pub segments: u64,
}

/// A mean of one direction.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// Bytes carried.
    pub bytes: f64,
    /// Segments.
    pub packets: f64,
}

/// What stands on this port now.
///
/// # Errors
/// `ss` is not installed, or tells something else.
pub fn traffic(port: u16) -> Result<Traffic, Error> {
    let program = process::program("ss", "iproute2", &[])?;
    let mut ss = Command::new(program);
    ss.args(["--tcp", "--info", "--numeric", "--no-header", "--oneline", "state", "established"]);
    let told = process::run(ss.arg(format!("( sport = :{port} )")))?;
    told.lines().try_fold(Traffic::default(), add).ok_or_else(|| Error::Broken(format!("ss tells: {told}")))
}

impl Traffic {
    /// What has come since, on the same connections.
    ///
    /// # Errors
    /// One of them is gone, or another has come, or a counter has gone back: the counters do not belong together.
    pub fn since(self, before: Self) -> Result<Self, Error> {
        if self.connections != before.connections {
            return Err(Error::Broken(format!(
                "{} connections have become {}",
                before.connections, self.connections
            )));
        }
        let ways = self.out.since(before.out).zip(self.back.since(before.back));
        let (out, back) =
            ways.ok_or_else(|| Error::Broken(format!("{before:?} have gone back to {self:?}")))?;
        Ok(Self { connections: self.connections, out, back })
    }
}

impl Way {
    fn since(self, before: Self) -> Option<Self> {
        Some(Self {
            bytes: self.bytes.checked_sub(before.bytes)?,
            segments: self.segments.checked_sub(before.segments)?,
        })
    }

    /// Of so many.
    #[must_use]
    pub fn each(self, count: f64) -> Mean {
        Mean { bytes: self.bytes as f64 / count, packets: self.segments as f64 / count }
    }
}

impl Mean {
    /// What goes over the wire.
    #[must_use]
    pub fn on_the_wire(self) -> f64 {
        self.packets.mul_add(HEADERS, self.bytes)
    }
}

/// A connection that nothing was sent on, or nothing came on, has no such counter.
fn add(sum: Traffic, line: &str) -> Option<Traffic> {
    let counter = |name: &str| -> Option<u64> {
        let value = line.split_whitespace().find_map(|word| word.strip_prefix(name));
        value.map_or(Some(0), |value| value.parse().ok())
    };
    let out = Way { bytes: counter("bytes_sent:")?, segments: counter("segs_out:")? };
    let back = Way { bytes: counter("bytes_received:")?, segments: counter("segs_in:")? };
    Some(Traffic {
        connections: sum.connections + 1,
        out: Way { bytes: sum.out.bytes + out.bytes, segments: sum.out.segments + out.segments },
        back: Way { bytes: sum.back.bytes + back.bytes, segments: sum.back.segments + back.segments },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "0 0 127.0.0.1:8080 127.0.0.1:40002 cubic wscale:7,7 rto:204 rtt:0.04/0.02 mss:32768 \
        bytes_sent:1000 bytes_acked:1000 bytes_received:200 segs_out:7 segs_in:5 data_segs_out:4 send 6.5Gbps";

    #[test]
    fn counters_of_all_connections_are_added_up() {
        let one = add(Traffic::default(), LINE).unwrap();
        assert_eq!(one.out, Way { bytes: 1000, segments: 7 });
        assert_eq!(one.back, Way { bytes: 200, segments: 5 });
        let two = add(one, LINE).unwrap();
        assert_eq!((two.connections, two.out.bytes, two.back.segments), (2, 2000, 10));
        assert_eq!(two.since(two).unwrap().out, Way::default());
        assert!(two.since(one).is_err(), "a connection has come");
        let other = Traffic { back: Way { bytes: 399, segments: 10 }, ..two };
        assert!(other.since(two).is_err(), "one has gone and another has come");
        assert_eq!(add(one, "segs_out:x"), None);
    }

    #[test]
    fn each_segment_has_headers() {
        let mean = Way { bytes: 4_000, segments: 20 }.each(10.0);
        assert!((mean.on_the_wire() - 532.0).abs() < 1e-9, "{mean:?}");
    }

    #[tokio::test]
    async fn what_is_written_here_is_counted() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut client = tokio::net::TcpStream::connect(addr).await.unwrap();
        let (mut served, _) = listener.accept().await.unwrap();
        let before = traffic(addr.port()).unwrap();
        served.write_all(&[b'x'; 500]).await.unwrap();
        client.read_exact(&mut [0; 500]).await.unwrap();
        let since = traffic(addr.port()).unwrap().since(before).unwrap();
        assert_eq!((since.connections, since.out), (1, Way { bytes: 500, segments: 1 }));
    }
}
