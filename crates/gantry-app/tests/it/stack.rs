mod create;
mod delete;
mod lock;
mod search;
mod tracked_commit;
mod update;
