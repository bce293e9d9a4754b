//! Pages of one user that share a connection: the lock that says who has it, and what the pages say to each other. What a
//! browser's driver does, in short.

use std::collections::BTreeMap;

use tidings_client_core::{Closed, ConnId, Connect, Duration, Hub, Instant, LinkId, State, Status};

use tidings_protocol::CloseCode;

use super::net::{Arrival, Net};

/// A word between pages takes at most this long.
const WORD_MS: u64 = 20;

/// One page.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) leads: bool,
    /// Who has the connection, as far as this page knows, and by which leadership.
    leader: Option<(usize, u64)>,
    /// This page's links: by whose leadership each goes, where that is known.
    pub(crate) ways: BTreeMap<u32, Option<u64>>,
    pub(crate) wanted: Option<Connect>,
    pub(crate) upstream: Option<ConnId>,
    pub(crate) ended: Option<Closed>,
    pub(crate) hub: Hub,
    /// The others' links to this page: whose, of which life, and what that one calls it.
    links: BTreeMap<u32, (usize, u32, u32)>,
    last: u32,
}

/// What a page is told.
#[derive(Debug)]
pub(crate) enum Note {
    /// By the browser: it has the connection, or has it no longer.
    Turn,
    Deposed,
    /// Another page's lock is free.
    Gone(usize, u32),
    Who,
    Lead(usize, u64, bool),
    Open(u64, (usize, u32, u32)),
    Said(u64, (usize, u32, u32), String),
    Left(u64, (usize, u32, u32)),
    Heard(u64, u32, u32, String),
    Ended(u64, u32, u32, Closed),
}

/// What follows for a page.
pub(crate) enum Do {
    /// It is a leader now: this attempt is its own.
    Dial(Connect),
    Hear(ConnId, String),
    End(ConnId, Closed),
    EndUpstream,
    /// A session of another page: opened, said, gone.
    Open(LinkId),
    Say(LinkId, String),
    Close(LinkId),
    Wake,
}

pub(crate) struct Tabs {
    pub(crate) pages: Vec<Page>,
    /// Which clients share.
    pub(crate) who: Vec<usize>,
    /// Who holds the lock, and how many have.
    holder: Option<usize>,
    term: u64,
    notes: Vec<Option<(usize, Note)>>,
    last: BTreeMap<(usize, usize), u64>,
}

impl Tabs {
    pub(crate) fn new(clients: usize, who: Vec<usize>) -> Self {
        let pages = (0..clients).map(|_| Page::default()).collect();
        Self { pages, who, holder: None, term: 0, notes: Vec::new(), last: BTreeMap::new() }
    }

    pub(crate) fn shares(&self, client: usize) -> bool {
        self.who.contains(&client)
    }

    /// The lock goes to a page, whoever has it.
    pub(crate) fn take(&mut self, client: usize, net: &mut Net, now: u64) {
        if let Some(old) = self.holder.replace(client).filter(|&old| old != client) {
            net.note("lead taken over");
            self.post(old, old, Note::Deposed, net, now);
        }
        self.post(client, client, Note::Turn, net, now);
    }

    /// A page is gone, and another life of it begins: its locks are free.
    pub(crate) fn reload(&mut self, client: usize, life: u32, net: &mut Net, now: u64) {
        self.pages[client] = Page::default();
        for page in self.who.clone() {
            self.post(client, page, Note::Gone(client, life), net, now);
        }
        if self.holder == Some(client) {
            net.note("leader gone");
            let next = self.who[net.rng.up_to(self.who.len() as u64 - 1) as usize];
            self.holder = None;
            self.take(next, net, now);
        }
    }

    /// A link of a page is to be opened.
    pub(crate) fn open(&mut self, client: usize, life: u32, conn: u32, net: &mut Net, now: u64) {
        match self.pages[client].leader {
            Some((leader, term)) => {
                self.pages[client].ways.insert(conn, Some(term));
                self.post(client, leader, Note::Open(term, (client, life, conn)), net, now);
            }
            None => {
                self.pages[client].ways.insert(conn, None);
                for page in self.who.clone() {
                    self.post(client, page, Note::Who, net, now);
                }
            }
        }
    }

    pub(crate) fn say(
        &mut self,
        client: usize,
        life: u32,
        conn: u32,
        text: Option<String>,
        net: &mut Net,
        now: u64,
    ) {
        let page = &mut self.pages[client];
        let way = page.ways.get(&conn).copied().flatten();
        let leader = page.leader.map(|(leader, _)| leader);
        if text.is_none() {
            page.ways.remove(&conn);
        }
        if let (Some(term), Some(leader)) = (way, leader) {
            let from = (client, life, conn);
            let note = text.map_or(Note::Left(term, from), |text| Note::Said(term, from, text));
            self.post(client, leader, note, net, now);
        }
    }

    /// A leader speaks to links.
    pub(crate) fn tell(&mut self, client: usize, links: &[LinkId], what: &Told, net: &mut Net, now: u64) {
        for link in links.iter().filter(|link| **link != LinkId::OWN) {
            let Some(&(page, life, conn)) = self.pages[client].links.get(&link.0) else { continue };
            let term = self.pages[client].leader.map_or(0, |(_, term)| term);
            let note = match what {
                Told::Heard(text) => Note::Heard(term, life, conn, text.clone()),
                Told::Ended(closed) => {
                    self.pages[client].links.remove(&link.0);
                    Note::Ended(term, life, conn, closed.clone())
                }
            };
            self.post(client, page, note, net, now);
        }
    }

    /// A leader says that it is one.
    pub(crate) fn announce(&mut self, client: usize, net: &mut Net, now: u64) {
        let Some((_, term)) = self.pages[client].leader.filter(|_| self.pages[client].leads) else { return };
        let is_up = self.pages[client].hub.is_up();
        for page in self.who.clone() {
            if page != client {
                self.post(client, page, Note::Lead(client, term, is_up), net, now);
            }
        }
    }

    /// A note has come: who is to do what.
    pub(crate) fn read(&mut self, note: usize, lives: &[u32], net: &mut Net, now: u64) -> (usize, Vec<Do>) {
        let Some((to, note)) = self.notes[note].take() else { return (0, Vec::new()) };
        let page = &mut self.pages[to];
        let mut todo = Vec::new();
        let leads_by = page.leader.filter(|_| page.leads).map(|(_, term)| term);
        match note {
            Note::Turn if self.holder == Some(to) && !page.leads => {
                self.term += 1;
                page.leads = true;
                page.leader = Some((to, self.term));
                let wanted = page.wanted.take();
                for (conn, way) in std::mem::take(&mut page.ways) {
                    let own = wanted.clone().filter(|connect| connect.conn == ConnId(conn) && way.is_none());
                    todo.push(own.map_or_else(|| Do::End(ConnId(conn), hand_over()), Do::Dial));
                }
                self.announce(to, net, now);
            }
            Note::Deposed if self.holder != Some(to) && page.leads => {
                page.leads = false;
                page.leader = None;
                todo.push(Do::EndUpstream);
            }
            Note::Turn | Note::Deposed => {}
            Note::Gone(client, life) => {
                let gone = page.links.iter().filter(|(_, link)| (link.0, link.1) == (client, life));
                for link in gone.map(|(link, _)| *link).collect::<Vec<u32>>() {
                    page.links.remove(&link);
                    todo.push(Do::Close(LinkId(link)));
                }
            }
            Note::Who => self.announce(to, net, now),
            Note::Lead(leader, term, is_up) => {
                if page.leads || page.leader.is_some_and(|(_, known)| term < known) {
                    return (to, todo);
                }
                page.leader = Some((leader, term));
                for (conn, way) in page.ways.clone() {
                    if way.is_none() {
                        self.open(to, lives[to], conn, net, now);
                    } else if way != Some(term) {
                        self.pages[to].ways.remove(&conn);
                        todo.push(Do::End(ConnId(conn), hand_over()));
                    }
                }
                todo.extend(is_up.then_some(Do::Wake));
            }
            Note::Open(term, from) if leads_by == Some(term) => {
                page.last += 1;
                page.links.insert(page.last, from);
                todo.push(Do::Open(LinkId(page.last)));
            }
            Note::Said(term, from, text) if leads_by == Some(term) => {
                todo.extend(page.link(from).map(|link| Do::Say(link, text)));
            }
            Note::Left(term, from) if leads_by == Some(term) => {
                if let Some(link) = page.link(from) {
                    page.links.remove(&link.0);
                    todo.push(Do::Close(link));
                }
            }
            Note::Open(..) | Note::Said(..) | Note::Left(..) => {}
            Note::Heard(term, life, conn, text) => {
                if life == lives[to] && page.ways.get(&conn) == Some(&Some(term)) {
                    todo.push(Do::Hear(ConnId(conn), text));
                }
            }
            Note::Ended(term, life, conn, closed) => {
                if life == lives[to] && page.ways.get(&conn) == Some(&Some(term)) {
                    page.ways.remove(&conn);
                    todo.push(Do::End(ConnId(conn), closed));
                }
            }
        }
        (to, todo)
    }

    fn post(&mut self, from: usize, to: usize, note: Note, net: &mut Net, now: u64) {
        let last = self.last.entry((from, to)).or_default();
        *last = (*last).max(now + net.rng.up_to(WORD_MS));
        self.notes.push(Some((to, note)));
        net.at(*last, Arrival::Note(self.notes.len() - 1));
    }
}

/// What a leader says to links.
pub(crate) enum Told {
    Heard(String),
    Ended(Closed),
}

impl Page {
    fn link(&self, from: (usize, u32, u32)) -> Option<LinkId> {
        self.links.iter().find(|(_, link)| **link == from).map(|(link, _)| LinkId(*link))
    }
}

pub(crate) fn hand_over() -> Closed {
    Closed {
        code: Some(1012),
        retry_after_ms: Some(0),
        attempts: Some(1),
        is_astray: true,
        ..Closed::default()
    }
}

/// What links are told of the end of a connection.
pub(crate) fn as_told(ended: Option<Closed>, status: &Status, now: u64) -> Closed {
    let mut closed = ended.unwrap_or_default();
    if status.state == State::Closed {
        return hand_over();
    }
    // That is the leader's own business, and so is the way that it takes.
    if closed.code.and_then(CloseCode::from_u16).is_none_or(|code| !code.may_reconnect()) {
        closed.code = Some(1012);
    }
    let wait = status.next_retry_at.map_or(Duration::ZERO, |at| at - Instant::from_millis(now));
    closed.retry_after_ms = Some(wait.as_millis());
    closed.attempts = Some(status.attempts);
    closed.is_astray = true;
    closed
}

/// Why a link is not let in: the leader waits.
pub(crate) fn refusal(page: &Page, status: &Status, now: u64) -> Option<Closed> {
    let wait = status.next_retry_at.map(|at| (at - Instant::from_millis(now)).as_millis());
    match wait {
        _ if page.upstream.is_some() => None,
        Some(wait) if wait > 100 => {
            Some(Closed { retry_after_ms: Some(wait), attempts: Some(status.attempts), ..hand_over() })
        }
        _ => None,
    }
}
