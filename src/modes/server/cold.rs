//! Reading the journal's file for requests: on the blocking pool, and only a few at once, so that
//! neither the tasks nor the committer's disk are kept from those who are up to date.

use std::io;
use std::sync::Arc;

use async_lock::Semaphore;
use async_std::task;

use crate::sse::Form;

use super::room::Room;
use super::tail::Batch;

/// How many read pieces at once.
static READERS: Semaphore = Semaphore::new(4);
/// How many search long stretches at once. They wait here, not in the way of short readers.
static SEARCHERS: Semaphore = Semaphore::new(2);

/// Up to about `max` bytes of lines from `offset` on, encoded.
///
/// # Errors
/// The journal cannot be read.
pub async fn lines(
    room: &Room,
    form: Form,
    offset: u64,
    end: u64,
    max: usize,
) -> io::Result<Arc<Batch>> {
    let reader = room.reader.clone();
    look(move || {
        let batch = Batch::new(reader.log(), reader.read(offset, end, max)?);
        // Here and not where it is written: the tasks of those who are up to date run there.
        batch.encoded(form);
        Ok(Arc::new(batch))
    })
    .await
}

/// Something short that reads the file.
pub async fn look<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    let _turn = READERS.acquire().await;
    task::spawn_blocking(read).await
}

/// Something that may read a lot of the file.
pub async fn search<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    let _turn = SEARCHERS.acquire().await;
    task::spawn_blocking(read).await
}
