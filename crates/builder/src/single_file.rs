use std::io;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use paas_hosts::ByteStream;
use tar::{EntryType, Header};

use crate::BuilderError;

/// The one file that the engine's tar holds: its size, and its bytes as they come. `None`: it holds anything else.
pub(crate) async fn single_file(
    mut tar: ByteStream,
) -> Result<Option<(u64, impl Stream<Item = io::Result<Bytes>> + Send + use<>)>, BuilderError> {
    let mut start = Vec::new();
    while start.len() < 512 {
        match tar.next().await {
            Some(piece) => start.extend_from_slice(&piece.map_err(BuilderError::engine("read a build's cache"))?),
            None => return Ok(None),
        }
    }
    let rest = Bytes::from(start.split_off(512));
    let mut header = Header::new_old();
    header.as_mut_bytes().copy_from_slice(&start);
    let (EntryType::Regular, Ok(size)) = (header.entry_type(), header.entry_size()) else { return Ok(None) };
    if size == 0 {
        return Ok(None);
    }
    let content = stream::once(async { Ok(rest) }).chain(tar).map_err(io::Error::other).boxed();
    // What follows the file is the tar's end.
    let content = stream::try_unfold((content, size), |(mut content, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let Some(mut piece) = content.try_next().await? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - piece.len() as u64;
        Ok(Some((piece, (content, left))))
    });
    Ok(Some((size, content)))
}
