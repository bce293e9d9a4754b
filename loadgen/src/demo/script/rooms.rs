//! What is said in the rooms.

use super::{Line, Room, say};

const ALL: &[&str] =
    &["grace", "ann", "bob", "chiara", "dmitri", "elif", "farid", "hiro", "ines", "jonas", "kemi", "lars"];

/// The rooms.
pub(in crate::demo) const ROOMS: &[Room] = &[
    Room {
        id: "nq-general",
        name: "General",
        private: false,
        members: ALL,
        unread_by: &["ann"],
        lines: GENERAL,
    },
    Room {
        id: "nq-releases",
        name: "Releases",
        private: false,
        members: &["hiro", "ann", "bob", "chiara", "dmitri", "grace", "kemi"],
        unread_by: &["bob"],
        lines: RELEASES,
    },
    Room {
        id: "nq-backend",
        name: "Backend",
        private: false,
        members: &["bob", "dmitri", "farid", "hiro", "kemi", "ann"],
        unread_by: &["ann"],
        lines: BACKEND,
    },
    Room {
        id: "nq-design",
        name: "Design",
        private: false,
        members: &["chiara", "elif", "ann", "ines", "jonas", "bob"],
        unread_by: &["bob"],
        lines: DESIGN,
    },
    Room {
        id: "nq-on-call",
        name: "On call",
        private: false,
        members: &["kemi", "bob", "dmitri", "hiro", "farid", "ann"],
        unread_by: &[],
        lines: ON_CALL,
    },
    Room {
        id: "nq-harbour-desk",
        name: "Harbour desk",
        private: false,
        members: &["ines", "lars", "ann", "elif", "bob", "jonas"],
        unread_by: &["ann", "bob"],
        lines: DESK,
    },
    Room {
        id: "nq-coffee",
        name: "Coffee & cake",
        private: false,
        members: ALL,
        unread_by: &["bob"],
        lines: COFFEE,
    },
    Room {
        id: "nq-books",
        name: "Reading club",
        private: false,
        members: &["elif", "ann", "grace", "jonas", "farid", "lars"],
        unread_by: &[],
        lines: BOOKS,
    },
    Room {
        id: "nq-leads",
        name: "Leads",
        private: true,
        members: &["grace", "ann", "bob", "chiara"],
        unread_by: &[],
        lines: LEADS,
    },
];

const GENERAL: &[Line] = &[
    say("grace", "Good morning! The winter timetable goes live on **1 December**. This week:\n\n- freeze the stop names by Wednesday\n- dress rehearsal on Thursday, 10:00\n- no deploys on Friday")
        .with(&[("ann", "👍"), ("bob", "👍"), ("kemi", "👍"), ("elif", "👀")]),
    say("lars", "Stop names are with the harbour office. They want *Northquay East* with one word less, I will push back."),
    say("ann", "Thanks Lars. If they insist, we need to know before Wednesday: the signs are printed from our export.").to(1),
    say("ines", "Printing takes four days, so Wednesday really is the last moment."),
    say("grace", "Then let us call it settled unless somebody shouts by noon tomorrow."),
    say("farid", "Who is joining the rehearsal on Thursday? I would like two people on the quay with phones on mobile data.").with(&[("jonas", "🙋"), ("ines", "🙋")]),
    say("jonas", "Ines and me. We take the 10:15 to Gull Island and back and note everything that is slow.").to(5),
    say("hiro", "I will be watching the graphs and promise to deploy nothing.").with(&[("grace", "😄"), ("kemi", "😄"), ("bob", "🙏")]),
    say("elif", "New colleague alert: Kemi has been here for two weeks today 🎉").with(&[("ann", "🎉"), ("bob", "🎉"), ("chiara", "🎉"), ("grace", "🎉"), ("lars", "❤️")]),
    say("kemi", "Thank you all! It still smells of diesel and coffee at my desk and I like it.").with(&[("elif", "😄")]),
    say("lars", "The harbour office gave in: it stays **Northquay East**.").with(&[("grace", "🎉"), ("ines", "🎉"), ("farid", "🎉")]),
    say("ines", "Signs are ordered. Delivery on the 29th."),
    say("grace", "Wonderful. Rehearsal notes go to [the checklist](https://example.com/rehearsal), please one line per finding."),
];

const RELEASES: &[Line] = &[
    say("hiro", "**4.11.0** is out.\n\n- departures load without a spinner on a warm cache\n- tickets survive a dead battery\n- fixed: the clock change put two ferries into the same minute").with(&[("ann", "🚀"), ("bob", "🚀"), ("chiara", "🎉")]),
    say("kemi", "Error rate after 30 minutes: 0.02 %, same as before."),
    say("chiara", "The new departure board looks so calm now. Thank you!").to(0).with(&[("hiro", "❤️")]),
    say("ann", "Two reviews in the store already, both five stars. One says *finally a ferry app that works on the ferry*.").with(&[("bob", "😄"), ("grace", "❤️"), ("hiro", "🎉"), ("dmitri", "😄")]),
    say("dmitri", "4.11.1 is prepared with the seat map fix only. Going out tomorrow after the morning rush."),
    say("hiro", "Rolled out to 10 %. Watching for an hour, then the rest.").edited("Rolled out to 10 % at 9:40. Watching until 10:40, then the rest."),
    say("kemi", "One thing I saw: the seat map asks for every deck at once. Not new, but now I can see it.").to(4),
    say("dmitri", "Good eye. I have a branch that asks for the visible deck first. Can be in 4.12.").to(6).with(&[("kemi", "👍")]),
    say("hiro", "4.11.1 is at 100 %. Nothing to report, which is the best report.").with(&[("grace", "👍"), ("ann", "👍")]),
];

const BACKEND: &[Line] = &[
    say("bob", "The timetable import takes 41 s. I think most of it is this:\n\n```sql\nSELECT * FROM departures\nWHERE route_id = ? AND day BETWEEN ? AND ?\nORDER BY leaves_at;\n```\n\nThere is an index on `route_id` alone."),
    say("farid", "With `(route_id, day, leaves_at)` it reads exactly what it needs, already in order.").to(0).with(&[("bob", "💡"), ("hiro", "👍")]),
    say("bob", "41 s → **3.2 s**. I should have asked before lunch.").to(1).with(&[("farid", "🎉"), ("dmitri", "🎉"), ("kemi", "🔥")]),
    say("dmitri", "Seat locks: a ticket that is paid while the lock runs out is refunded by hand today. Proposal:\n\n1. take the payment\n2. confirm the seat in the same transaction\n3. only then tell the customer"),
    say("kemi", "Step 2 and 3 in this order also mean that a retry is harmless, if the client sends the same id.").to(3).with(&[("dmitri", "👍"), ("bob", "👍")]),
    say("hiro", "Please write that down somewhere that is not a chat 🙂"),
    say("dmitri", "Done: `docs/decisions/017-seat-locks.md`").with(&[("hiro", "🙏")]),
    say("farid", "wrong channel, sorry").deleted(),
    say("bob", "Does somebody know why `sailings.capacity` is a string?"),
    say("farid", "Because of one row from 2016 that says `\"about 80\"`.").to(8).with(&[("bob", "😱"), ("kemi", "😄"), ("hiro", "😄"), ("dmitri", "😄")]),
    say("kemi", "I looked: it is the old *Marigold*. She was sold in 2019. I will write the migration."),
    say("dmitri", "Then the type can finally be honest:\n\n```rust\npub struct Sailing {\n    pub ship: ShipId,\n    pub capacity: u16,\n}\n```").with(&[("bob", "❤️"), ("kemi", "👍")]),
    say("kemi", "Migration is up for review. It keeps the old column until the release after next."),
];

const DESIGN: &[Line] = &[
    say("chiara", "First draft of the departure board in the dark theme. Delays are amber *and* have a clock icon, so that colour is never the only sign.").with(&[("ann", "😍"), ("elif", "👍"), ("ines", "👍")]),
    say("ines", "From the quay: at night amber on dark blue is fine at three metres. The destination could be larger.").to(0),
    say("chiara", "Destination is 20 px now, and I gave up the little waves.").to(1).with(&[("ines", "🙏"), ("elif", "😢")]),
    say("elif", "I will miss the waves. They are in `#waves-forever` in my heart."),
    say("jonas", "Tested with large text (200 %): the platform wraps under the time on a narrow phone. Readable, but not pretty."),
    say("chiara", "Good find. Platform moves below the destination from 150 % up.").to(4).with(&[("jonas", "👍")]),
    say("ann", "Can we say *leaves in 4 min* instead of the time when it is less than ten minutes? People run when they see it."),
    say("ines", "They run, and then they ask me whether they should have run. So yes, please!").to(6).with(&[("ann", "😄"), ("chiara", "😄")]),
    say("elif", "Wording for all the cases, for review:\n\n- *leaves in 4 min*\n- *boarding*\n- *gates closed*\n- *left 2 min ago*").with(&[("ann", "👍"), ("ines", "❤️")]),
    say("chiara", "Those are in the draft. Next round on Tuesday, with real data from the rehearsal."),
];

const ON_CALL: &[Line] = &[
    say("kemi", "Taking over from Dmitri until Monday. Anything I should know?"),
    say("dmitri", "Quiet week. The card terminal on Gull Island drops its line at high tide, no joke. It comes back by itself.").to(0).with(&[("kemi", "🌊"), ("farid", "😄")]),
    say("kemi", "**22:14** alert: ticket queue older than 60 s"),
    say("kemi", "**22:16** found it: the payment provider answers in 8 s instead of 0.4. Their status page is green, naturally."),
    say("bob", "I am around if you need hands.").to(3).with(&[("kemi", "🙏")]),
    say("kemi", "**22:31** back to normal, 212 tickets were late, none lost. Queue did what it should."),
    say("hiro", "Write-up tomorrow, sleep first. Nicely handled.").to(5).with(&[("kemi", "❤️"), ("bob", "👍"), ("dmitri", "👍")]),
    say("farid", "Follow-up: I set the alert to two minutes and added the provider's latency to the board."),
];

const DESK: &[Line] = &[
    say(
        "ines",
        "Third person today who bought a ticket for the wrong day. The calendar opens on tomorrow after 18:00.",
    ),
    say("ann", "That was meant to help and clearly does not. I will open a ticket."),
    say("ann", "NQ-214: *open on today until the last ferry has left*")
        .to(0)
        .with(&[("ines", "❤️"), ("lars", "👍")]),
    say("lars", "A school class of 28 wants to pay with one invoice. Possible?"),
    say("elif", "Yes: group ticket, then *pay by invoice*. Needs the school's number. I can call them.")
        .to(3),
    say("lars", "You are an angel. Number is in the usual folder.").to(4).with(&[("elif", "😇")]),
    say("jonas", "Lost property: one left boot, size 44. How does one leave a ferry with one boot?").with(&[
        ("ines", "😄"),
        ("elif", "😄"),
        ("lars", "😄"),
        ("ann", "😄"),
    ]),
    say("ines", "He came back for it. He had not noticed. 🥾").to(6),
    say("lars", "Fog on the sound. The 16:40 and the 17:10 may be cancelled, I will write here first."),
    say("lars", "**16:40 is cancelled.** 17:10 sails."),
];

const COFFEE: &[Line] = &[
    say("elif", "There is lemon cake in the kitchen. There was more lemon cake in the kitchen.").with(&[
        ("lars", "🍋"),
        ("jonas", "😋"),
        ("kemi", "😋"),
    ]),
    say("lars", "I can neither confirm nor deny.").to(0).with(&[("elif", "👀"), ("ines", "😄")]),
    say("jonas", "The machine says *descale me*. It has been saying so since August."),
    say("farid", "I did it on Monday. It now says *thank you*, which is worse somehow.").to(2).with(&[
        ("jonas", "😱"),
        ("grace", "😄"),
        ("bob", "😄"),
    ]),
    say("ann", "Friday, 17:00, first ferry after work to Gull Island, chips on the pier. Who is in?").with(
        &[("bob", "🍟"), ("chiara", "🍟"), ("kemi", "🍟"), ("hiro", "🍟"), ("elif", "🍟"), ("lars", "🍟")],
    ),
    say("kemi", "In! Is there something I should know about the gulls?").to(4),
    say("lars", "They are organised.").to(5).with(&[
        ("kemi", "😱"),
        ("ann", "😄"),
        ("ines", "😄"),
        ("grace", "😄"),
    ]),
    say("hiro", "Bring a hat."),
];

const BOOKS: &[Line] = &[
    say("elif", "Next one: *The Summer Book*. Short, an island, a grandmother. We meet on the 12th."),
    say("grace", "I have read it twice and would gladly read it again.").with(&[("elif", "❤️")]),
    say("jonas", "Is there a ferry in it? Asking for the team."),
    say("elif", "There is a boat. You will have to be content with a boat.")
        .to(2)
        .with(&[("jonas", "👍"), ("farid", "😄")]),
    say("ann", "I am on page 40 and want to move to a small island and be rude to visitors.")
        .with(&[("grace", "😄"), ("lars", "😄")]),
];

const LEADS: &[Line] = &[
    say("grace", "Budget for next year is due on the 8th. I need your three largest items by Friday."),
    say("ann", "Mine: a second person for the desk, the invoice work, user tests in spring."),
    say("bob", "Mine: the seat lock rewrite, a test quay with real terminals, time to delete things.")
        .with(&[("grace", "👍"), ("ann", "❤️")]),
    say("chiara", "A photographer for two days. Our pictures of ships are older than some of the ships.")
        .with(&[("ann", "😄"), ("bob", "😄")]),
    say("grace", "Thank you. I will bring a draft on Thursday."),
];
