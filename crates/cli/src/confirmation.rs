use crate::{context::Context, error::Error};

/// Goes on when the name was given again, or is typed now. `what`: what would be lost, as a sentence.
///
/// # Errors
/// [`Error::Mistake`] otherwise.
pub(crate) fn confirm(context: &Context, what: &str, name: &str, given: Option<String>) -> Result<(), Error> {
    let answer = match given {
        Some(answer) => Some(answer),
        None => {
            context.printer.warn(what);
            context.printer.warn(format!("To proceed, type {name} or run this again with --confirm {name}"));
            match context.printer.can_ask() {
                true => context.printer.ask("> ")?,
                false => None,
            }
        }
    };
    match answer {
        Some(answer) if answer.trim() == name => Ok(()),
        Some(answer) => {
            Err(Error::Mistake { message: format!("Confirmation {answer} did not match {name}. Aborted."), hint: None })
        }
        None => Err(Error::mistake("Not confirmed. Aborted.", format!("add --confirm {name}"))),
    }
}
