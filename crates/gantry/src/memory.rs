//! An idle installation is to hold little.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;

/// The allocator keeps a heap for each thread that ever was, and threads come and go here: they wait
/// for files to be synced. Two heaps serve two processors as well. Whatever is large is given back as
/// soon as it is freed. To be called before there is a second thread.
pub fn hold_little() {
    // SAFETY: sets numbers of the allocator, before there is a second thread.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 256 * 1024);
    }
}

/// A layer for the worker gateway. A claim that came to nothing says that there has been no work for
/// as long as it was held back: what the last runs needed is given back.
pub async fn give_back_when_idle(request: Request, next: Next) -> Response {
    let is_claim = request.uri().path().ends_with("/claim");
    let response = next.run(request).await;
    if is_claim && response.status() == StatusCode::NO_CONTENT {
        gantry_worker::memory::give_back();
    }
    response
}
