//! Revocations: one for each subject, with a count of all changes.

use tidings_protocol::Timestamp;

use super::super::{MAX_REVOCATIONS, Refusal, Revocation, RevocationRecord, Subject, Written};
use super::state::State;

impl State {
    pub(super) fn revoke(&mut self, revocation: Revocation) -> Result<Written, Refusal> {
        let is_full = self.revocations.len() >= MAX_REVOCATIONS as usize;
        if is_full && !self.revocations.contains_key(&revocation.subject) {
            return Err(Refusal::Limit);
        }
        let subject = revocation.subject.clone();
        let record = RevocationRecord { revision: self.next_revision(), lifted: false, revocation };
        self.revocations.insert(subject, record);
        Ok(Written::Nothing)
    }

    pub(super) fn restore(&mut self, subject: &Subject, at: Timestamp) -> Result<Written, Refusal> {
        let revision = self.next_revision();
        let record = self.revocations.get_mut(subject).filter(|record| !record.lifted);
        let record = record.ok_or(Refusal::NotFound)?;
        record.revision = revision;
        record.lifted = true;
        record.revocation.until = Some(at);
        Ok(Written::Nothing)
    }

    pub(super) fn prune_revocations(&mut self, before: Timestamp, limit: usize) -> Written {
        let newest = self.newest_revision();
        let mut over: Vec<(Timestamp, Subject)> = self
            .revocations
            .values()
            .filter_map(|record| Some((record.revocation.until?, record)))
            .filter(|(until, _)| *until < before)
            .map(|(until, record)| (until, record.revocation.subject.clone()))
            .collect();
        over.sort();
        over.truncate(limit);
        over.retain(|(_, subject)| self.revocations.get(subject).is_some_and(|r| r.revision < newest));
        for (_, subject) in &over {
            self.revocations.remove(subject);
        }
        Written::Pruned { removed: over.len() as u64 }
    }

    pub(super) fn revocation_changes(&self, after: u64, limit: usize) -> Vec<RevocationRecord> {
        let mut changes: Vec<RevocationRecord> =
            self.revocations.values().filter(|record| record.revision > after).cloned().collect();
        changes.sort_by_key(|record| record.revision);
        changes.truncate(limit);
        changes
    }

    fn newest_revision(&self) -> u64 {
        self.revocations.values().map(|record| record.revision).max().unwrap_or(0)
    }

    fn next_revision(&self) -> u64 {
        self.newest_revision() + 1
    }
}
