//! What strace has written of a server, call by call. The order of the lines is the order of the events.

use std::collections::HashMap;

/// Where something was done: the line at which it began and the one at which it had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) began: usize,
    pub(super) ended: usize,
}

/// One call that came to its end.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) span: Span,
    pub(super) name: &'a str,
    /// What stands behind the bracket.
    pub(super) arguments: &'a str,
    /// What it came to.
    result: &'a str,
}

impl Call<'_> {
    /// Whether it did not fail.
    pub(super) fn is_done(&self) -> bool {
        !self.result.is_empty() && !self.result.starts_with(['-', '?'])
    }

    /// What it came to, as a number.
    pub(super) fn count(&self) -> Option<usize> {
        self.result.split_whitespace().next()?.parse().ok()
    }

    /// The first argument: where it is a descriptor, with what it stands for.
    pub(super) fn descriptor(&self) -> &str {
        self.arguments.split([',', ')']).next().unwrap_or_default().trim()
    }

    /// The path of the descriptor.
    pub(super) fn path(&self) -> Option<&str> {
        let (_, path) = self.descriptor().split_once('<')?;
        path.strip_suffix('>')
    }

    /// Whether it is about a socket.
    pub(super) fn is_to_a_socket(&self) -> bool {
        let descriptor = self.descriptor();
        descriptor.contains("socket:") || descriptor.contains("TCP")
    }
}

/// The calls, in the order of their ends.
pub(super) fn calls(text: &str) -> impl Iterator<Item = Call<'_>> {
    // By thread: a call that another thread's line has cut in two.
    let mut unfinished: HashMap<&str, (usize, &str)> = HashMap::new();
    text.lines().enumerate().filter_map(move |(line, text)| {
        // Short numbers of threads are followed by more than one blank.
        let (thread, rest) = text.trim_start().split_once(' ')?;
        let (_time, call) = rest.trim_start().split_once(' ')?;
        let call = call.trim_start();
        if let Some(begin) = call.strip_suffix("<unfinished ...>") {
            unfinished.insert(thread, (line, begin));
            None
        } else if call.starts_with("<... ") {
            let (began, begin) = unfinished.remove(thread)?;
            read(Span { began, ended: line }, begin, call)
        } else {
            read(Span { began: line, ended: line }, call, call)
        }
    })
}

fn read<'a>(span: Span, begin: &'a str, end: &'a str) -> Option<Call<'a>> {
    let (name, arguments) = begin.split_once('(')?;
    let result = end.rsplit_once(" = ").map_or("", |(_, result)| result);
    Some(Call { span, name, arguments, result })
}

/// The bytes of the quoted text that `text` begins with, and what stands behind it; `None` where it was cut short.
pub(super) fn quoted(text: &str) -> Option<(Vec<u8>, &str)> {
    let mut rest = text.strip_prefix('"')?.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len().min(8 * 1024));
    loop {
        let (&byte, behind) = rest.split_first()?;
        rest = behind;
        match byte {
            b'"' => break,
            b'\\' => {
                let (&kind, behind) = rest.split_first()?;
                rest = behind;
                bytes.push(match kind {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'v' => 11,
                    b'f' => 12,
                    b'0'..=b'7' => {
                        let mut value = u32::from(kind - b'0');
                        for _ in 0..2 {
                            let Some(digit @ b'0'..=b'7') = rest.first() else { break };
                            value = value * 8 + u32::from(digit - b'0');
                            rest = &rest[1..];
                        }
                        u8::try_from(value).ok()?
                    }
                    other => other,
                });
            }
            other => bytes.push(other),
        }
    }
    let behind = text.get(text.len() - rest.len()..)?;
    (!behind.starts_with("...")).then_some((bytes, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_were_written() {
        let (bytes, rest) = quoted(r#""a\0\1\"\\\n\r\t\v\f\377\0012", 4096, 32) = 4096"#).unwrap();
        assert_eq!(bytes, b"a\0\x01\"\\\n\r\t\x0b\x0c\xff\x012");
        assert_eq!(rest, ", 4096, 32) = 4096");
        assert!(quoted(r#""cut"..., 9)"#).is_none() && quoted(r#""open"#).is_none());
    }

    #[test]
    fn a_call_that_was_cut_in_two_is_one() {
        let text = "7 10:00:00.1 fsync(9</d/x> <unfinished ...>\n8 10:00:00.2 fsync(8</d/y>) = -1 EIO (error)\n\
                    7 10:00:00.3 <... fsync resumed>) = 0\n8 10:00:00.4 +++ killed by SIGKILL +++";
        let calls: Vec<Call<'_>> = calls(text).collect();
        assert_eq!(calls.len(), 2);
        assert_eq!((calls[0].path(), calls[0].is_done()), (Some("/d/y"), false));
        assert_eq!((calls[1].path(), calls[1].count()), (Some("/d/x"), Some(0)));
        assert_eq!(calls[1].span, Span { began: 0, ended: 2 });
    }
}
