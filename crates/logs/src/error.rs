use paas_db::DbError;

/// Why a log cannot be read. Writing has no errors.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    #[error("the log cannot be read")]
    Store(#[from] DbError),
}
