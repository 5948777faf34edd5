//! `prosopa subjects`: the persons in the pictures.

use serde_json::json;

use crate::args::SubjectsErase;
use crate::commands::for_each;
use crate::context::Context;
use crate::exit::Failure;

/// Erases persons, after asking.
pub(super) async fn erase(ctx: &Context, args: &SubjectsErase) -> Result<(), Failure> {
    let question = match args.ids.as_slice() {
        [id] => format!("Erase {id}, with every result and picture, for good?"),
        ids => format!("Erase {} persons, with every result and picture, for good?", ids.len()),
    };
    if !ctx.prompter.confirm(&question).await? {
        return Err(Failure::Local("nothing was erased".to_owned()));
    }
    for_each(ctx, &args.ids, async |id| {
        ctx.client.erase_subject(id).await?;
        ctx.output.document(&json!({ "id": id, "erased": true }), |_| format!("erased {id}"))?;
        Ok(())
    })
    .await
}
