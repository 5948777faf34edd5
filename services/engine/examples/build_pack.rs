//! Builds a model pack: `build_pack FACE_API_TGZ FACENET_WHEEL RAPIDOCR_WHEEL OUT_DIR`.

use std::{env, error::Error, path::PathBuf};

use prosopa_engine::pack::{BuildInputs, Pack, build};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(face_api_archive), Some(facenet_archive), Some(rapidocr_archive), Some(out_dir)) =
        (arguments.next(), arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: build_pack FACE_API_TGZ FACENET_WHEEL RAPIDOCR_WHEEL OUT_DIR".into());
    };
    build(&BuildInputs {
        face_api_archive,
        facenet_archive,
        rapidocr_archive,
        out_dir: out_dir.clone(),
        allow_other_archives: false,
    })?;
    eprintln!("model pack {}", Pack::open(&out_dir)?.digest());
    Ok(())
}
