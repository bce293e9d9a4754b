//! What all hooks share: the client, and its state as signals.

mod apply;
mod load;
mod outgoing;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use ::leptos::prelude::*;
use tidings_client_core::SendState;
use tidings_protocol::entity::Broadcast;
use tidings_protocol::limits::MAX_ROOMS_PER_SESSION;
use tidings_protocol::{ClientId, RoomId, UserId};

use super::crowd::Crowd;
use super::inbox::Inbox;
use super::paging::PageError;
use super::people::People;
use super::place::Place;
use super::rooms::Rooms;
use super::timeline::Timeline;
use super::typers::Typers;
use super::use_connection::Link;
use crate::client::Client;
use crate::config::Config;
use crate::listeners::Subscription;
use crate::notifications::NotificationClient;
use load::Retry;
use outgoing::Outgoing;

/// Most rooms whose messages are kept; the one that was opened longest ago goes first.
const MOST_VIEWS: usize = 20;

/// Most rooms whose people are kept: all that a session may be in, and as many conversations.
const MOST_CROWDS: usize = 2 * MAX_ROOMS_PER_SESSION;

/// A live message of somebody else, wherever it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Where.
    pub place: Place,
    /// The room's name.
    pub room: String,
    /// What the sender is called.
    pub sender: String,
    /// The text.
    pub content: String,
}

/// Something that the user is to be told once.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// Something that was asked for did not work.
    Error(String),
    /// A notification arrived.
    Notification(Box<tidings_protocol::entity::Notification>),
    /// A broadcast arrived.
    Broadcast(Broadcast),
}

/// What arrived in an open room since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Messages of others.
    pub theirs: u64,
    /// Messages that this client sent.
    pub mine: u64,
    /// The last of the others', as (sender, text).
    pub last: Option<(String, String)>,
}

/// What is being fetched for an open room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Busy {
    /// A page that puts the window elsewhere.
    pub window: bool,
    /// A page above.
    pub older: bool,
    /// A page below.
    pub newer: bool,
}

/// One room whose messages are kept.
pub(super) struct RoomView {
    pub(super) place: Place,
    pub(super) timeline: ArcRwSignal<Timeline>,
    pub(super) crowd: ArcRwSignal<Crowd>,
    pub(super) typers: ArcRwSignal<Typers>,
    pub(super) arrivals: ArcRwSignal<Arrivals>,
    pub(super) busy: ArcRwSignal<Busy>,
    pub(super) error: ArcRwSignal<Option<PageError>>,
    retry: Rc<Retry>,
    members_retry: Rc<Retry>,
    /// Whether the page that puts the window elsewhere is around a position.
    around: Cell<bool>,
    /// Whether the window is to be put on the end once more, behind that page.
    again: Cell<bool>,
    /// Where the reader had stopped when the room was opened.
    pub(super) unread_after: ArcRwSignal<Option<u64>>,
}

/// Whether the list of rooms is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refresh {
    Idle,
    Running,
    /// And is to be read once more.
    Again,
    /// And may not know of what the connection told meanwhile: the next one does.
    Stale,
}

/// What all hooks share.
pub(super) struct Hub {
    pub(super) client: Client,
    pub(super) notifications: NotificationClient,
    pub(super) me: UserId,
    pub(super) link: ArcRwSignal<Link>,
    /// How much of the outbox waits to be sent or confirmed.
    pub(super) waiting: ArcRwSignal<usize>,
    pub(super) rooms: ArcRwSignal<Rooms>,
    pub(super) rooms_error: ArcRwSignal<Option<String>>,
    pub(super) people: ArcRwSignal<People>,
    pub(super) inbox: ArcRwSignal<Inbox>,
    pub(super) inbox_error: ArcRwSignal<Option<PageError>>,
    /// Whether older notifications are on their way.
    pub(super) inbox_busy: ArcRwSignal<bool>,
    pub(super) incoming: ArcRwSignal<Option<Incoming>>,
    pub(super) notice: ArcRwSignal<Option<Notice>>,
    views: RefCell<Vec<Rc<RoomView>>>,
    /// Participants and markers are told once, with the answer to a join: they are kept for every room.
    crowds: RefCell<HashMap<Place, ArcRwSignal<Crowd>>>,
    joined: RefCell<HashSet<RoomId>>,
    outgoing: RefCell<HashMap<ClientId, Outgoing>>,
    /// States told before the entry was known here: a client answers while it is asked.
    early: RefCell<HashMap<ClientId, SendState>>,
    refreshing: Cell<Refresh>,
    rooms_retry: Rc<Retry>,
    people_retry: Rc<Retry>,
    inbox_retry: Rc<Retry>,
    /// Whether the inbox has been followed since this began.
    followed: Cell<bool>,
    subscription: RefCell<Option<Subscription>>,
}

impl Hub {
    /// Makes the client, connects it and begins to listen.
    pub(super) fn start(mut config: Config, me: UserId) -> Rc<Self> {
        // A stream besides would be one for each tab, and over HTTP/1.1 a browser has six connections for all of them.
        config.notifications = true;
        let client = Client::new(config);
        let hub = Rc::new(Self {
            notifications: client.notifications(),
            me,
            link: ArcRwSignal::new(Link::of(&client.state())),
            waiting: ArcRwSignal::default(),
            rooms: ArcRwSignal::default(),
            rooms_error: ArcRwSignal::default(),
            people: ArcRwSignal::default(),
            inbox: ArcRwSignal::default(),
            inbox_error: ArcRwSignal::default(),
            inbox_busy: ArcRwSignal::default(),
            incoming: ArcRwSignal::default(),
            notice: ArcRwSignal::default(),
            views: RefCell::default(),
            crowds: RefCell::default(),
            joined: RefCell::default(),
            outgoing: RefCell::default(),
            early: RefCell::default(),
            refreshing: Cell::new(Refresh::Idle),
            rooms_retry: Rc::default(),
            people_retry: Rc::default(),
            inbox_retry: Rc::default(),
            followed: Cell::new(false),
            subscription: RefCell::default(),
            client,
        });
        let weak = Rc::downgrade(&hub);
        let chat = hub.client.subscribe(move |event| {
            if let Some(hub) = weak.upgrade() {
                hub.client_event(event);
            }
        });
        hub.subscription.replace(Some(chat));
        hub.restore();
        // The list is there as soon as it can be, and once more when the connection stands: from then on nothing is missed.
        hub.refresh();
        hub.client.connect();
        hub
    }

    /// Ends it all.
    pub(super) fn stop(&self, forget: bool) {
        self.client.close(forget);
        let ended = self.subscription.take();
        drop(ended);
    }

    /// The messages of a place, kept from now on.
    pub(super) fn view(self: &Rc<Self>, place: &Place) -> Rc<RoomView> {
        if let Some(view) = self.kept(place) {
            let mut views = self.views.borrow_mut();
            views.retain(|other| !Rc::ptr_eq(other, &view));
            views.push(view.clone());
            return view;
        }
        let view = Rc::new(RoomView {
            place: place.clone(),
            timeline: ArcRwSignal::new(Timeline::new(self.me.clone())),
            crowd: self.crowd(place),
            typers: ArcRwSignal::default(),
            arrivals: ArcRwSignal::default(),
            busy: ArcRwSignal::default(),
            error: ArcRwSignal::default(),
            retry: Rc::default(),
            members_retry: Rc::default(),
            around: Cell::default(),
            again: Cell::default(),
            unread_after: ArcRwSignal::default(),
        });
        let mut views = self.views.borrow_mut();
        if views.len() >= MOST_VIEWS {
            // One with messages on their way is kept as long as there is another.
            let idle = views.iter().position(|view| view.timeline.with_untracked(|t| !t.has_outgoing()));
            views.remove(idle.unwrap_or(0));
        }
        views.push(view.clone());
        view
    }

    /// The messages of a place, where they are kept.
    pub(super) fn kept(&self, place: &Place) -> Option<Rc<RoomView>> {
        self.views.borrow().iter().find(|view| view.place == *place).cloned()
    }

    /// Whether messages to a place are on their way, or were refused.
    fn has_unsent(&self, place: &Place) -> bool {
        self.kept(place).is_some_and(|view| view.timeline.with_untracked(Timeline::has_outgoing))
    }

    /// The people of a place.
    pub(super) fn crowd(&self, place: &Place) -> ArcRwSignal<Crowd> {
        let mut crowds = self.crowds.borrow_mut();
        if crowds.len() >= MOST_CROWDS && !crowds.contains_key(place) {
            return ArcRwSignal::default();
        }
        crowds.entry(place.clone()).or_default().clone()
    }

    /// The room that a place is, where it has one.
    pub(super) fn room_id(&self, place: &Place) -> Option<RoomId> {
        match place {
            Place::Room(id) => Some(id.clone()),
            Place::Direct(_) => self.rooms.with_untracked(|rooms| rooms.get(place)?.room_id.clone()),
        }
    }

    /// Is in a room, from a position on; asking twice does nothing.
    pub(super) fn enter(&self, room: &RoomId, after: Option<u64>) {
        if self.joined.borrow_mut().insert(room.clone()) {
            self.client.join(room, after);
        }
    }

    pub(super) fn tell(&self, notice: Notice) {
        self.notice.set(Some(notice));
    }
}

/// Now, in milliseconds since 1970.
pub(super) fn now() -> i64 {
    js_sys::Date::now() as i64
}
