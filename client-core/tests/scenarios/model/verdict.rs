//! What a life is judged by at its quiet end, and what it has tried and met.

use std::collections::BTreeMap;

use tidings_client_core::State;

use super::app::App;
use super::ops::DIRECT;
use super::world::World;

impl World {
    /// What must hold at the quiet end.
    pub(crate) fn judge(&self) {
        let logs = &self.server.logs;
        let inbox = logs.get(DIRECT).map_or(0, Vec::len);
        for app in &self.apps {
            assert_eq!(app.session.status().state, State::Connected);
            app.judge(logs, inbox);
            for (lane, due) in &app.due {
                let wanted: Vec<&str> = due.iter().map(|(_, content)| content.as_str()).collect();
                let ids: BTreeMap<&str, ()> = due.iter().map(|(id, _)| (id.as_str(), ())).collect();
                let rows = logs[lane]
                    .iter()
                    .filter(|row| row.sender == app.user && ids.contains_key(row.id.as_str()));
                let stored: Vec<&str> = rows.map(|row| row.content.as_str()).collect();
                assert_eq!(stored, wanted, "in {lane}: each once, in the order of their sending");
            }
        }
        let wanted: usize = self.apps.iter().flat_map(|app| app.due.values()).map(Vec::len).sum();
        let stored: usize = logs.values().map(Vec::len).sum();
        assert_eq!(stored, wanted, "nothing is stored that nobody sent");
    }

    /// What this life has tried. All of it was kept, where [`judge`](Self::judge) has returned.
    pub(crate) fn tried(&self) -> [(&'static str, u64); 6] {
        let sum = |of: &dyn Fn(&App) -> u64| self.apps.iter().map(of).sum();
        let due = sum(&|app| app.due.values().map(|due| due.len() as u64).sum());
        [
            ("what was accepted is stored exactly once", due),
            ("what one client sends to one room keeps its order", due),
            ("what is acknowledged is stored where the ACK says", sum(&|app| app.acked.len() as u64)),
            ("what is shown is what is stored, in order and once", sum(&|app| app.shown)),
            ("a gap that is told is just what is left out", sum(&|app| app.gaps)),
            (
                "at the end all is sent, and each log is seen to its end",
                sum(&|app| app.rooms.len() as u64 + 1),
            ),
        ]
    }

    /// How often each fault was met.
    pub(crate) fn met(&self) -> Vec<(&'static str, u64)> {
        const SHARED: [&str; 6] = [
            "link by a socket",
            "link by a stream",
            "link by polls",
            "link refused",
            "leader gone",
            "lead taken over",
        ];
        const ALL: [&str; 26] = [
            "upgrade refused",
            "upgrade unanswered",
            "cut after the upgrade",
            "stream held back",
            "by a stream",
            "by a poll",
            "post cut short",
            "post that comes too late",
            "fence by a late upgrade",
            "stall",
            "cut",
            "half open",
            "late upgrade",
            "fence",
            "crash",
            "crash before the commit",
            "crash after the commit",
            "crash after the ACK",
            "resend of what was stored",
            "refusal for now",
            "refusal for good",
            "entry not handed out",
            "gap",
            "inbox gap",
            "reload",
            "sleep",
        ];
        let shared = SHARED.iter().filter(|_| self.tabs.is_some());
        ALL.iter()
            .chain(shared)
            .map(|&fault| (fault, self.net.met.get(fault).copied().unwrap_or(0)))
            .collect()
    }
}
