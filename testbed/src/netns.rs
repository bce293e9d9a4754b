//! Machines as far as the network goes: Linux's network namespaces, each on a cable to one bridge. Services of this
//! machine have an address each on the bridge, so that the way to one can be lost without the others. Needs root and `ip`.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use crate::process::{self, Error};

const PACKAGE: &str = "iproute2";
/// Machines on one bridge at most; addresses of this machine stand below.
const FIRST: u8 = 101;

/// A bridge with its cables; taken away when dropped.
#[derive(Debug)]
pub struct Network {
    name: String,
    /// The first three bytes of all addresses.
    net: [u8; 3],
}

/// A machine on the bridge; taken away with its last handle. Processes are to end before.
#[derive(Clone, Debug)]
pub struct Machine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    /// This machine's end of the cable.
    cable: String,
    address: Ipv4Addr,
}

impl Network {
    /// Lays one. `None` where this user may not, or the system has no such thing.
    ///
    /// # Errors
    /// `ip` is not installed.
    pub fn lay() -> Result<Option<Self>, Error> {
        ip_program()?;
        let id = std::process::id();
        let [_, _, high, low] = id.to_be_bytes();
        // Of 10.0.0.0/8, by the process, so that two runs do not meet.
        let network = Self { name: format!("tdg{id}"), net: [10, high | 128, low] };
        let laid = ip(&["link", "add", &network.name, "type", "bridge"])
            .and_then(|()| ip(&["link", "set", &network.name, "up"]));
        Ok(laid.is_ok().then_some(network))
    }

    /// An address of this machine on the bridge, by a number from 1 to 100.
    ///
    /// # Errors
    /// The system refuses.
    pub fn address(&self, number: u8) -> Result<Ipv4Addr, Error> {
        let address = self.at(number);
        ip(&["address", "add", &format!("{address}/24"), "dev", &self.name])?;
        Ok(address)
    }

    /// A machine, by a number from 0.
    ///
    /// # Errors
    /// The system refuses.
    pub fn machine(&self, number: u8) -> Result<Machine, Error> {
        let name = format!("{}-{number}", self.name);
        let (cable, inner) = (format!("{}v{number}", self.name), format!("{}w{number}", self.name));
        let address = self.at(FIRST.saturating_add(number));
        ip(&["netns", "add", &name])?;
        let machine = Machine(Arc::new(Inner { name: name.clone(), cable: cable.clone(), address }));
        ip(&["link", "add", &cable, "type", "veth", "peer", "name", &inner])?;
        ip(&["link", "set", &cable, "master", &self.name, "up"])?;
        ip(&["link", "set", &inner, "netns", &name])?;
        machine.ip(&["address", "add", &format!("{address}/24"), "dev", &inner])?;
        machine.ip(&["link", "set", &inner, "up"])?;
        machine.ip(&["link", "set", "lo", "up"])?;
        Ok(machine)
    }

    /// All addresses of the bridge, as a CIDR.
    #[must_use]
    pub fn cidr(&self) -> String {
        format!("{}/24", self.at(0))
    }

    /// Nothing goes from this machine to `machine` any more, or goes again.
    ///
    /// # Errors
    /// The system refuses.
    pub fn lose_way_to(&self, machine: &Machine, is_lost: bool) -> Result<(), Error> {
        ip(&blackhole(is_lost, &machine.address().to_string()))
    }

    fn at(&self, number: u8) -> Ipv4Addr {
        let [a, b, c] = self.net;
        Ipv4Addr::new(a, b, c, number)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = ip(&["link", "delete", &self.name]);
    }
}

impl Machine {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        self.0.address
    }

    /// Pulls its cable, or plugs it in again: nobody is told.
    ///
    /// # Errors
    /// The system refuses.
    pub fn cable(&self, is_plugged_in: bool) -> Result<(), Error> {
        ip(&["link", "set", &self.0.cable, if is_plugged_in { "up" } else { "down" }])
    }

    /// Nothing goes from here to `there` any more, or goes again. The way back stays as it is.
    ///
    /// # Errors
    /// The system refuses.
    pub fn lose_way_to(&self, there: Ipv4Addr, is_lost: bool) -> Result<(), Error> {
        self.ip(&blackhole(is_lost, &there.to_string()))
    }

    /// The status with which a port of its own answers `GET path`, asked from within. It may take 8 s: as long as a
    /// node waits for its database, and more.
    #[must_use]
    pub fn status(&self, port: u16, path: &str) -> Option<u16> {
        let ask = format!(
            "exec 3<>/dev/tcp/{}/{port}; printf 'GET {path} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n' >&3; head -c 12 <&3",
            self.0.address
        );
        let mut command = Command::new(ip_program().ok()?);
        command.args(["netns", "exec", &self.0.name, "timeout", "8", "bash", "-c", &ask]);
        process::run(&mut command).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
    }

    /// What goes before a command that is to run there.
    ///
    /// # Errors
    /// `ip` is not installed.
    pub fn inside(&self) -> Result<Vec<String>, Error> {
        let program = ip_program()?.display().to_string();
        Ok(vec![program, "netns".to_owned(), "exec".to_owned(), self.0.name.clone()])
    }

    fn ip(&self, words: &[&str]) -> Result<(), Error> {
        ip(&[&["-netns", &self.0.name], words].concat())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = ip(&["link", "delete", &self.cable]);
        let _ = ip(&["netns", "delete", &self.name]);
    }
}

const fn blackhole(is_lost: bool, to: &str) -> [&str; 4] {
    ["route", if is_lost { "add" } else { "delete" }, "blackhole", to]
}

fn ip(words: &[&str]) -> Result<(), Error> {
    process::run(Command::new(ip_program()?).args(words)).map(drop)
}

fn ip_program() -> Result<PathBuf, Error> {
    process::program("ip", PACKAGE, &[])
}
