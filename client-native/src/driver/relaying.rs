//! The driver's relay: what requests say to it, and what it wants done.

use tidings_client_core::{Closed, ConnId, Input, Instant, RelayOutput, Request};

use super::Driver;
use super::link::{Come, Coming, Said};
use super::requests::Requests;

impl Driver {
    /// What a socket says is for the session, what a request says for the relay.
    pub(super) fn hear(&mut self, conn: ConnId, said: Said) {
        let now = self.now();
        match said {
            Said::Opened if conn.is_request() => self.relay.opened(conn),
            Said::Closed(closed) if conn.is_request() => self.relay.failed(conn, closed),
            Said::Chunk(text) => self.relay.chunk(conn, &text, now),
            Said::Answer(text) => self.relay.answered(conn, &text, now),
            Said::Opened => self.inputs.push_back(Input::Opened(conn)),
            Said::Text(text) => self.inputs.push_back(Input::Frame(conn, text)),
            Said::Closed(closed) => self.inputs.push_back(Input::Closed(conn, closed)),
        }
        self.settle();
    }

    /// Does all that is to be done, one after the other.
    pub(super) fn settle(&mut self) {
        self.run_relay();
        while let Some(input) = self.inputs.pop_front() {
            self.session.handle(input, self.now());
            while let Some(output) = self.session.poll_output() {
                self.carry_out(output);
            }
            self.run_relay();
        }
    }

    fn run_relay(&mut self) {
        while let Some(output) = self.relay.poll_output() {
            match output {
                RelayOutput::Request(request) => self.post(request),
                RelayOutput::Drop(request) => drop(self.links.end(request)),
                RelayOutput::Opened(conn) => self.inputs.push_back(Input::Opened(conn)),
                RelayOutput::Frame(conn, text) => self.inputs.push_back(Input::Frame(conn, text)),
                RelayOutput::Closed(conn, closed) => self.inputs.push_back(Input::Closed(conn, closed)),
            }
        }
    }

    pub(super) fn now(&self) -> Instant {
        Instant::from_millis(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn post(&mut self, request: Request) {
        let requests = self.requests();
        let Request { id, path, body, is_stream, fresh_token } = request;
        let coming: Coming = Box::pin(async move {
            if is_stream {
                requests?.stream(path, body, fresh_token).await.map(Come::Stream)
            } else {
                requests?.ask(path, body, fresh_token).await.map(Come::Answer)
            }
        });
        self.links.begin(id, coming);
    }

    fn requests(&mut self) -> Result<Requests, Closed> {
        if let Some(requests) = &self.requests {
            return Ok(requests.clone());
        }
        let requests = Requests::new(&self.config.url, self.tokens.clone())?;
        self.requests = Some(requests.clone());
        Ok(requests)
    }
}
