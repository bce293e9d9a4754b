//! How single values are read: durations, addresses, networks, secrets.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

/// Where the log is kept when nothing is said.
pub const DEFAULT_DATABASE: &str = "sqlite://data/tidings.db";

/// Why a text is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValue {
    /// No duration.
    #[error("write a number and a unit: 500ms, 10s, 5m, 12h or 7d")]
    Duration,
    /// No address.
    #[error("write an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080")]
    Address,
    /// No network.
    #[error("write a network such as 10.0.0.0/8, or one address")]
    Network,
    /// No node name.
    #[error("write 1 to 64 letters, digits and . _ -")]
    NodeId,
}

/// `500ms`, `10s`, `5m`, `12h`, `7d`; no longer than ten years.
///
/// # Errors
/// The text is no such duration.
pub fn duration(text: &str) -> Result<Duration, InvalidValue> {
    const MOST_MILLIS: u64 = 10 * 366 * 24 * 3_600_000;
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or(InvalidValue::Duration)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| InvalidValue::Duration)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(InvalidValue::Duration),
    };
    let millis =
        number.checked_mul(millis).filter(|all| *all <= MOST_MILLIS).ok_or(InvalidValue::Duration)?;
    Ok(Duration::from_millis(millis))
}

/// An address with a port; `localhost` stands for 127.0.0.1.
///
/// # Errors
/// The text is no such address.
pub fn address(text: &str) -> Result<SocketAddr, InvalidValue> {
    let text = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    text.parse().map_err(|_| InvalidValue::Address)
}

/// A network, or one address as a network of itself.
///
/// # Errors
/// The text is neither.
pub fn network(text: &str) -> Result<IpNet, InvalidValue> {
    let text = text.trim();
    if let Ok(net) = text.parse::<IpNet>() {
        return Ok(net.trunc());
    }
    text.parse::<std::net::IpAddr>().map(IpNet::from).map_err(|_| InvalidValue::Network)
}

/// A secret: any text.
///
/// # Errors
/// None; the signature is that of a value parser.
pub fn secret(text: &str) -> Result<SecretString, InvalidValue> {
    Ok(SecretString::from(text))
}

/// A node's name.
///
/// # Errors
/// The text has other characters or is too long.
pub fn node_id(text: &str) -> Result<String, InvalidValue> {
    let fits = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if fits { Ok(text.to_owned()) } else { Err(InvalidValue::NodeId) }
}

/// Where metrics are served: an address, or nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsListen {
    /// Nowhere.
    Off,
    /// Here.
    At(SocketAddr),
}

impl FromStr for MetricsListen {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" { Ok(Self::Off) } else { address(text).map(Self::At) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit_and_an_end() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for wrong in
            ["", "10", "s", "-1s", "1.5s", "10 s", "1w", "99999999999999999999s", "18446744073709551615d"]
        {
            assert_eq!(duration(wrong), Err(InvalidValue::Duration), "{wrong:?}");
        }
    }

    #[test]
    fn one_address_is_a_network_of_itself() {
        assert_eq!(network("10.1.2.3/8").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").unwrap().to_string(), "::1/128");
        assert_eq!(network("10.0.0.0/33"), Err(InvalidValue::Network));
    }
}
