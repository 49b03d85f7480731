//! What an idle process holds.

/// Gives back what was freed. The allocator keeps it, in case somebody asks for it again soon; whoever
/// calls this knows that nobody will.
pub fn give_back() {
    // SAFETY: takes locks of the allocator and nothing else.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
