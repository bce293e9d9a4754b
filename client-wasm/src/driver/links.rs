//! The connections that a session has at a time, and the requests that they go by where that is no socket.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use tidings_client_core::ConnId;

use crate::http::Exchange;
use crate::socket::Socket;

/// One of them. Dropping it ends it, and nothing is heard of it any more.
struct Link {
    conn: ConnId,
    way: Way,
}

/// What it goes by, as far as it has come.
pub(super) enum Way {
    /// The token is being fetched.
    Pending,
    Socket(Socket),
    /// A link to another page's connection.
    Shared,
    /// Requests of the relay.
    Relayed,
    Request(Rc<Exchange>),
}

/// All of them, by their numbers.
#[derive(Default)]
pub(super) struct Links(RefCell<Vec<Link>>);

impl Links {
    pub(super) fn begin(&self, conn: ConnId) {
        self.0.borrow_mut().push(Link { conn, way: Way::Pending });
    }

    pub(super) fn holds(&self, conn: ConnId) -> bool {
        self.0.borrow().iter().any(|link| link.conn == conn)
    }

    /// It goes by this from now on, where it is still wanted.
    pub(super) fn go(&self, conn: ConnId, way: Way) {
        if let Some(link) = self.0.borrow_mut().iter_mut().find(|link| link.conn == conn) {
            link.way = way;
        }
    }

    pub(super) fn with_socket(&self, conn: ConnId, act: impl FnOnce(&Socket)) {
        if let Some(Link { way: Way::Socket(socket), .. }) =
            self.0.borrow().iter().find(|link| link.conn == conn)
        {
            act(socket);
        }
    }

    /// Whether it is a link to another page's connection.
    pub(super) fn is_shared(&self, conn: ConnId) -> bool {
        self.0.borrow().iter().any(|link| link.conn == conn && matches!(link.way, Way::Shared))
    }

    /// Ends it; whether it was there.
    pub(super) fn end(&self, conn: ConnId) -> bool {
        let mut links = self.0.borrow_mut();
        let at = links.iter().position(|link| link.conn == conn);
        let link = at.map(|at| links.swap_remove(at));
        drop(links);
        link.is_some()
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Self::Request(exchange) = self {
            exchange.abort();
        }
    }
}
