//! What is said while somebody watches, over and over in another order.

use super::direct::notice;
use super::{Exchange, Notice};

/// Lines that belong together.
pub(in crate::demo) const EXCHANGES: &[Exchange] = &[
    Exchange {
        room: "nq-general",
        lines: &[
            ("farid", "The rehearsal checklist has 14 lines so far. Twelve are about the weather."),
            ("jonas", "It *was* windy."),
            ("grace", "Put the other two on top, please 🙂"),
        ],
    },
    Exchange {
        room: "nq-harbour-desk",
        lines: &[
            ("ines", "A queue of nine at the desk. All for the market on Gull Island."),
            ("lars", "I can send the *Gannet* at 11:20 as well."),
            ("ines", "Please do!"),
        ],
    },
    Exchange {
        room: "nq-backend",
        lines: &[
            ("dmitri", "The visible deck now loads first: `180 ms` to the first seat."),
            ("kemi", "And the others?"),
            ("dmitri", "When one scrolls there. **One** request instead of five."),
        ],
    },
    Exchange {
        room: "nq-releases",
        lines: &[
            ("hiro", "4.12.0-rc.1 is on the test quay."),
            ("kemi", "Looks good here. Running the long tests."),
            ("hiro", "No hurry."),
        ],
    },
    Exchange {
        room: "nq-design",
        lines: &[
            ("chiara", "The waves are back. Very small. Only on the loading screen."),
            ("elif", "I am not crying, it is the fog."),
        ],
    },
    Exchange {
        room: "nq-coffee",
        lines: &[
            ("lars", "Someone has labelled the biscuits *for emergencies*."),
            ("elif", "That was me. This is not one."),
            ("lars", "It will be at four o'clock."),
        ],
    },
    Exchange {
        room: "nq-on-call",
        lines: &[
            ("kemi", "High tide in ten minutes, so the terminal on Gull Island will say goodbye."),
            ("farid", "It just did. Like clockwork."),
        ],
    },
];

/// What comes now and then.
pub(in crate::demo) const LIVE_NOTICE: Notice = notice(
    "ann",
    "ticket",
    "A ticket was closed",
    "NQ-198: the clock change no longer doubles a departure.",
    false,
);
