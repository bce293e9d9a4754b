//! What the network brings to the clients and the server, and what the clients' relays make of it.

use tidings_client_core::{Closed, ConnId, Input, Instant, Relay, RelayOutput, Transport};

use super::net::{Arrival, Kind};
use super::world::World;

impl World {
    /// Something has come by the network.
    pub(super) fn arrive(&mut self, what: Arrival) {
        match what {
            Arrival::Upgrade(conn) => self.server.upgrade(conn, &mut self.net, self.now),
            Arrival::Request(conn, text) => self.server.request(conn, &text, &mut self.net, self.now),
            Arrival::Gone(conn) => self.server.gone(conn),
            Arrival::PollOver(conn) => self.server.poll_over(conn, &mut self.net, self.now),
            Arrival::KeepAlive(conn) => self.server.keep_alive(conn, &mut self.net, self.now),
            Arrival::Up => self.server.up(),
            Arrival::Opened(conn) => self.opened(conn),
            Arrival::Note(note) => self.note(note),
            Arrival::Frame(conn, text) => {
                let wire = &self.net.wires[conn];
                let (client, id) = (wire.client, wire.id);
                if wire.life == self.apps[client].life && !wire.dropped {
                    self.heard(client, id, text);
                }
            }
            Arrival::Chunk(conn, text) => self.relay(conn, |relay, id, now| relay.chunk(id, &text, now)),
            Arrival::Answer(conn, text) => {
                self.relay(conn, |relay, id, now| relay.answered(id, &text, now));
                self.net.wires[conn].dropped = true;
            }
            Arrival::Closed(conn, code) => self.end(conn, Closed { code, ..Closed::default() }),
            Arrival::Refused(conn) => self.end(conn, Closed { is_reachable: true, ..Closed::default() }),
        }
    }

    fn opened(&mut self, conn: usize) {
        if self.net.wires[conn].kind == Kind::Socket {
            self.deliver(conn, Input::Opened);
        } else {
            self.relay(conn, |relay, id, _| relay.opened(id));
        }
    }

    fn end(&mut self, conn: usize, closed: Closed) {
        let wire = &self.net.wires[conn];
        if wire.kind != Kind::Socket {
            self.relay(conn, |relay, id, _| relay.failed(id, closed));
        } else if wire.life == self.apps[wire.client].life && !wire.dropped {
            self.note_end(wire.client, wire.id, &closed);
            self.deliver(conn, |id| Input::Closed(id, closed));
        }
        self.net.wires[conn].dropped = true;
    }

    /// Hands something to a client, late where it sleeps, and not at all where its page is gone.
    fn deliver(&mut self, conn: usize, input: impl FnOnce(ConnId) -> Input) {
        let wire = &self.net.wires[conn];
        let (client, id) = (wire.client, wire.id);
        if wire.life == self.apps[client].life && !wire.dropped {
            self.input(client, input(id));
        }
    }

    /// Tells a client's relay how a request goes.
    fn relay(&mut self, conn: usize, tell: impl FnOnce(&mut Relay, ConnId, Instant)) {
        let wire = &self.net.wires[conn];
        let (client, id) = (wire.client, wire.id);
        if wire.life == self.apps[client].life && !wire.dropped {
            tell(&mut self.apps[client].relay, id, Instant::from_millis(self.now));
            self.run_relay(client);
        }
    }

    /// Says something by a connection of requests; false where it is none.
    pub(super) fn relays(&mut self, client: usize, id: u32, text: &str) -> bool {
        let now = Instant::from_millis(self.now);
        let is_relayed = self.apps[client].relay.say(ConnId(id), text.to_owned(), now);
        self.run_relay(client);
        is_relayed
    }

    /// Does what a client's relay wants done.
    pub(super) fn run_relay(&mut self, client: usize) {
        while let Some(output) = self.apps[client].relay.poll_output() {
            let life = self.apps[client].life;
            match output {
                RelayOutput::Request(request) => {
                    let kind = match request.path {
                        Transport::FRAMES => Kind::Post,
                        _ if request.is_stream => Kind::Stream,
                        _ => Kind::Poll,
                    };
                    self.net.dial(client, life, request.id, (kind, request.body), self.now);
                }
                RelayOutput::Drop(id) => {
                    if let Some(conn) = self.find(client, life, id.0) {
                        self.let_go(conn);
                    }
                }
                RelayOutput::Opened(id) => self.input(client, Input::Opened(id)),
                RelayOutput::Frame(id, text) => self.heard(client, id, text),
                RelayOutput::Closed(id, closed) => {
                    self.apps[client].relayed.remove(&id.0);
                    self.note_end(client, id, &closed);
                    self.input(client, Input::Closed(id, closed));
                }
            }
        }
    }
}
