//! What apps run on.

use bytes::Bytes;
use paas_builder::BuilderError;

use crate::{Control, OpError};

/// What is in a stack's run image: CycloneDX, as JSON.
///
/// # Errors
/// [`OpError::NotFound`] for a stack that there is not, and for one whose image has no such file; [`OpError::Conflict`] while
/// its image is not in the registry yet; [`OpError::Unavailable`].
pub async fn sbom(control: &Control, name: &str) -> Result<Bytes, OpError> {
    let stack = control.settings.stacks.iter().find(|stack| stack.name == name);
    let stack = stack.ok_or_else(|| OpError::not_found("stack"))?;
    match control.builder.stack_sbom(stack).await {
        Ok(Some(sbom)) => Ok(sbom),
        Ok(None) => Err(OpError::NotFound {
            resource: "sbom",
            message: format!(
                "The image {} of the stack {name} does not say what is in it: it has no /usr/share/paas/sbom.cdx.json.",
                stack.run_image
            ),
        }),
        Err(BuilderError::NotFound(_)) => Err(OpError::Conflict(format!(
            "The image of the stack {name} is not in the registry yet: try again when the server has made it."
        ))),
        Err(other) => Err(other.into()),
    }
}
