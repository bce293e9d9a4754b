//! What is said between two, and what the notification centre holds.

use super::{Conversation, Notice, say};

/// Conversations of two.
pub(in crate::demo) const DIRECT: &[Conversation] = &[
    Conversation {
        between: ["ann", "bob"],
        unread_by: None,
        lines: &[
            say("ann", "Is the import quick enough for the rehearsal now?"),
            say("bob", "3.2 seconds. You will not have time to get a coffee.").to(0).with(&[("ann", "🎉")]),
            say("ann", "I will try anyway."),
            say("bob", "Shall I show it on Thursday, or would you rather?"),
            say("ann", "You, please. You found it.").to(3).with(&[("bob", "👍")]),
        ],
    },
    Conversation {
        between: ["chiara", "ann"],
        unread_by: Some("ann"),
        lines: &[
            say(
                "chiara",
                "I have put three versions of the ticket screen into the folder. The second one is my favourite.",
            ),
            say("ann", "I looked at them on the tram: the second, yes, and the button of the third."),
            say("chiara", "Ha, that is what Elif says too.")
                .edited("Ha, that is what Elif and Ines say too."),
            say("chiara", "Done, it is the fourth picture. Have a look when you can?"),
        ],
    },
    Conversation {
        between: ["lars", "ann"],
        unread_by: Some("ann"),
        lines: &[say(
            "lars",
            "The captain of the *Gannet* asks whether she may test the crew view. I said I would ask you.",
        )],
    },
    Conversation {
        between: ["kemi", "bob"],
        unread_by: Some("bob"),
        lines: &[
            say("kemi", "Thank you for staying up on Tuesday."),
            say("bob", "You did it all yourself. I only held the coffee.").with(&[("kemi", "😄")]),
            say("kemi", "Could you look at the capacity migration before noon? It is twenty lines."),
        ],
    },
    Conversation {
        between: ["grace", "bob"],
        unread_by: None,
        lines: &[
            say("grace", "Would a test quay fit into the old ticket hall?"),
            say("bob", "It would. There is even a power line left from the old signs."),
        ],
    },
];

/// Notifications.
pub(in crate::demo) const NOTICES: &[Notice] = &[
    notice("ann", "review", "Review wanted", "Chiara asks for your view of the ticket screen.", true),
    notice("ann", "deploy", "4.11.0 is live", "All checks passed; the roll-out took 12 minutes.", true),
    notice(
        "ann",
        "ticket",
        "NQ-214 was picked up",
        "Jonas works on “open on today until the last ferry has left”.",
        false,
    ),
    notice("ann", "mention", "Ines mentioned you", "“Ann, they run, and then they ask me!”", false),
    notice(
        "ann",
        "calendar",
        "Rehearsal tomorrow",
        "Thursday, 10:00, on the quay. Bring a phone that is charged.",
        false,
    ),
    notice("bob", "build", "Build is green again", "timetable-import passed after two failures.", true),
    notice("bob", "review", "Review wanted", "Kemi asks for a review of the capacity migration.", false),
    notice(
        "bob",
        "alert",
        "Ticket queue older than 60 s",
        "Acknowledged by Kemi at 22:14, resolved at 22:31.",
        false,
    ),
    notice("bob", "calendar", "On call from Monday", "You take over from Kemi at 9:00.", false),
];

/// To everybody.
pub(in crate::demo) const BROADCAST: Notice = notice(
    "",
    "maintenance",
    "Maintenance on Sunday",
    "Tickets cannot be bought from 02:00 to 02:30. Timetables stay available.",
    false,
);

/// One.
pub(super) const fn notice(
    to: &'static str,
    kind: &'static str,
    title: &'static str,
    text: &'static str,
    read: bool,
) -> Notice {
    Notice { to, kind, title, text, read }
}
