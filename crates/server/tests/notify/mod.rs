//! People are told what waits for them, by real servers: who, by what, once, and how they answer.

mod account;
mod answer;
mod outbox;
mod push;
mod stage;
