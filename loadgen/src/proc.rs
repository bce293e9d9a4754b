//! What Linux says of a process.

use std::time::Duration;

use crate::error::Error;

/// `/proc` counts CPU time in hundredths of a second on every Linux that there is.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of a process so far.
///
/// # Errors
/// There is no such process.
pub fn cpu(pid: u32) -> Result<Duration, Error> {
    read(&format!("/proc/{pid}/stat"), cpu_in)
}

/// Resident memory of a process, in bytes.
///
/// # Errors
/// There is no such process.
pub fn resident(pid: u32) -> Result<u64, Error> {
    read(&format!("/proc/{pid}/status"), |status| kibibytes_in(status, "VmRSS:"))
}

/// The most memory that a process has had resident so far, in bytes.
///
/// # Errors
/// There is no such process.
pub fn peak(pid: u32) -> Result<u64, Error> {
    read(&format!("/proc/{pid}/status"), |status| kibibytes_in(status, "VmHWM:"))
}

/// How many files a process has open.
///
/// # Errors
/// There is no such process.
pub fn open_files(pid: u32) -> Result<usize, Error> {
    let folder = format!("/proc/{pid}/fd");
    let doing = format!("read {folder}");
    std::fs::read_dir(folder).map(Iterator::count).map_err(|e| Error::io(&doing, e))
}

/// How many files this process may have open.
///
/// # Errors
/// The system does not tell.
pub fn file_limit() -> Result<usize, Error> {
    read("/proc/self/limits", file_limit_in)
}

fn read<T>(file: &str, find: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    let doing = format!("read {file}");
    let text = std::fs::read_to_string(file).map_err(|e| Error::io(&doing, e))?;
    find(&text).ok_or_else(|| Error::io(&doing, std::io::ErrorKind::InvalidData.into()))
}

/// The name, in brackets, may hold anything, so the fields are counted from behind it: `utime` is the twelfth.
fn cpu_in(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

fn kibibytes_in(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn file_limit_in(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_a_name_with_brackets() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 11 0 0 0 250 50 7 7 20 0 4 0";
        assert_eq!(cpu_in(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu_in("42 (name"), None);
    }

    #[test]
    fn memory_and_limits_are_found_among_the_others() {
        assert_eq!(kibibytes_in("VmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n", "VmRSS:"), Some(2 * 1024 * 1024));
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files  1024  4096  files\n";
        assert_eq!(file_limit_in(limits), Some(1024));
    }

    #[test]
    fn this_process_can_be_looked_at() {
        let pid = std::process::id();
        assert!(resident(pid).unwrap() > 0);
        assert!(cpu(pid).is_ok() && file_limit().unwrap() > 0 && open_files(pid).unwrap() > 2);
    }
}
