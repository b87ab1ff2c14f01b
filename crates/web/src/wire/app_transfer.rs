use paas_db::app_transfers::Transfer;
use paas_platform as wire;

pub(crate) fn app_transfer(transfer: &Transfer) -> wire::AppTransfer {
    wire::AppTransfer {
        app: wire::AppReference { id: transfer.app_id.uuid(), name: transfer.app_name.to_string() },
        created_at: transfer.created_at.into(),
        id: transfer.id.uuid(),
        owner: wire::UserReference { id: transfer.owner_id.uuid(), email: transfer.owner_email.clone() },
        recipient: wire::UserReference { id: transfer.recipient_id.uuid(), email: transfer.recipient_email.clone() },
        state: transfer.state.clone(),
        updated_at: transfer.updated_at.into(),
    }
}
