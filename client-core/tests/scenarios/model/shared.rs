//! The world where pages share a connection: which wish goes by a link, and what hubs want done.

use tidings_client_core::{Closed, Command, ConnId, Connect, HubOutput, Input, Instant, LinkId, Transport};

use super::tabs::{Do, Told, as_told, hand_over, refusal};
use super::world::World;

impl World {
    /// Whether a connection's place is taken by a link. Where this page has the connection, the others go by it.
    pub(super) fn goes_by_link(&mut self, client: usize, connect: &Connect) -> bool {
        let (now, life) = (self.now, self.apps[client].life);
        let Some(tabs) = self.tabs.as_mut().filter(|t| t.shares(client)) else { return false };
        if tabs.pages[client].leads {
            if !connect.is_look {
                tabs.pages[client].upstream = Some(connect.conn);
                tabs.pages[client].hub.begin(connect.transport, Instant::from_millis(now));
            }
            return false;
        }
        tabs.pages[client].wanted = Some(connect.clone());
        tabs.open(client, life, connect.conn.0, &mut self.net, now);
        true
    }

    /// Sends by a connection that is shared, or closes a link, without a text; false where it is none.
    pub(super) fn sends_shared(&mut self, client: usize, conn: u32, text: Option<&str>) -> bool {
        let (now, life) = (self.now, self.apps[client].life);
        let Some(tabs) = &mut self.tabs else { return false };
        let page = &mut tabs.pages[client];
        if let Some(text) = text
            && page.upstream == Some(ConnId(conn))
        {
            page.hub.say(LinkId::OWN, text.to_owned(), Instant::from_millis(now));
            self.run_hub(client);
            return true;
        }
        let is_link = page.ways.contains_key(&conn);
        if is_link {
            tabs.say(client, life, conn, text.map(str::to_owned), &mut self.net, now);
        }
        is_link
    }

    /// A frame comes by a connection.
    pub(super) fn heard(&mut self, client: usize, conn: ConnId, text: String) {
        let now = self.now;
        if let Some(tabs) = &mut self.tabs
            && tabs.pages[client].upstream == Some(conn)
        {
            let was_up = tabs.pages[client].hub.is_up();
            tabs.pages[client].hub.hear(text, Instant::from_millis(now));
            self.run_hub(client);
            if let Some(tabs) = self.tabs.as_mut().filter(|t| !was_up && t.pages[client].hub.is_up()) {
                tabs.announce(client, &mut self.net, now);
            }
        } else {
            self.input(client, Input::Frame(conn, text));
        }
    }

    /// Where the connection that links go by is gone, so are they.
    pub(super) fn settle_sharing(&mut self, client: usize) {
        let Some(upstream) = self.tabs.as_ref().and_then(|t| t.pages[client].upstream) else { return };
        let life = self.apps[client].life;
        let is_there = self.apps[client].relayed.contains(&upstream.0)
            || self.find(client, life, upstream.0).is_some_and(|conn| !self.net.wires[conn].dropped);
        let status = self.apps[client].session.status();
        let Some(tabs) = &mut self.tabs else { return };
        let page = &mut tabs.pages[client];
        if is_there && page.ended.is_none() {
            return;
        }
        page.upstream = None;
        page.hub.lost(as_told(page.ended.take(), &status, self.now));
        self.run_hub(client);
    }

    pub(super) fn note_end(&mut self, client: usize, conn: ConnId, closed: &Closed) {
        if let Some(tabs) = &mut self.tabs
            && tabs.pages[client].upstream == Some(conn)
        {
            tabs.pages[client].ended = Some(closed.clone());
        }
    }

    /// A page is told something.
    pub(super) fn note(&mut self, note: usize) {
        let lives: Vec<u32> = self.apps.iter().map(|app| app.life).collect();
        let now = self.now;
        let Some(tabs) = &mut self.tabs else { return };
        let (client, todo) = tabs.read(note, &lives, &mut self.net, now);
        for what in todo {
            match what {
                Do::Dial(connect) => self.connect(client, connect),
                Do::Hear(conn, text) => self.input(client, Input::Frame(conn, text)),
                Do::End(conn, closed) => self.input(client, Input::Closed(conn, closed)),
                Do::EndUpstream => {
                    let upstream = self.tabs.as_ref().and_then(|t| t.pages[client].upstream);
                    if let Some(id) = upstream {
                        self.note_end(client, id, &hand_over());
                        if self.apps[client].relayed.remove(&id.0) {
                            self.apps[client].relay.close(id);
                            self.run_relay(client);
                        } else if let Some(conn) = self.find(client, lives[client], id.0) {
                            self.let_go(conn);
                        }
                        self.input(client, Input::Closed(id, hand_over()));
                    }
                }
                Do::Wake => {
                    if self.apps[client].session.status().next_retry_at.is_some() {
                        self.input(client, Input::Command(Command::Reconnect));
                    }
                }
                Do::Open(link) => self.link_opened(client, link),
                Do::Say(link, text) => {
                    if let Some(tabs) = &mut self.tabs {
                        tabs.pages[client].hub.say(link, text, Instant::from_millis(now));
                    }
                }
                Do::Close(link) => {
                    if let Some(tabs) = &mut self.tabs {
                        tabs.pages[client].hub.close(link, Instant::from_millis(now));
                    }
                }
            }
            self.run_hub(client);
        }
    }

    fn link_opened(&mut self, client: usize, link: LinkId) {
        let (now, status) = (self.now, self.apps[client].session.status());
        let Some(tabs) = &mut self.tabs else { return };
        match refusal(&tabs.pages[client], &status, now) {
            Some(closed) => {
                self.net.note("link refused");
                tabs.tell(client, &[link], &Told::Ended(closed), &mut self.net, now);
            }
            None => {
                self.net.note(match status.transport {
                    Transport::WebSocket => "link by a socket",
                    Transport::Stream => "link by a stream",
                    Transport::Poll => "link by polls",
                });
                tabs.pages[client].hub.open(link, Instant::from_millis(now));
            }
        }
    }

    fn run_hub(&mut self, client: usize) {
        let now = self.now;
        while let Some(output) = self.tabs.as_mut().and_then(|t| t.pages[client].hub.poll_output()) {
            let upstream = self.tabs.as_ref().and_then(|t| t.pages[client].upstream);
            let Some(tabs) = &mut self.tabs else { return };
            match output {
                HubOutput::Send(text) => {
                    if let Some(id) = upstream
                        && !self.relays(client, id.0, &text)
                    {
                        self.send_up(client, id.0, text);
                    }
                }
                HubOutput::Deliver(links, text) => {
                    tabs.tell(client, &links, &Told::Heard(text.clone()), &mut self.net, now);
                    if let Some(id) = upstream.filter(|_| links.contains(&LinkId::OWN)) {
                        self.input(client, Input::Frame(id, text));
                    }
                }
                HubOutput::Close(links, closed) => {
                    tabs.tell(client, &links, &Told::Ended(closed), &mut self.net, now);
                }
            }
        }
    }
}
