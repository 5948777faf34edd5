//! One ONNX network run by RTen on one thread of its own.

use std::sync::Arc;

use rten::{Model, ModelOptions, RunOptions, ThreadPool, Value};

use super::Error;
use crate::{
    image::Picture,
    pack::{self, InputContract, Layout, Pack},
    stopwatch::Stopwatch,
};

thread_local! {
    /// RTen computes on threads of its own: one for each of the engine's, so that a picture takes one core.
    static POOL: Arc<ThreadPool> = Arc::new(ThreadPool::with_num_threads(1));
}

/// What running networks has cost.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Processor time, microseconds.
    pub(super) processor_us: u64,
}

/// A network from a picture to an array of numbers.
pub(super) struct Network {
    model: Model,
    mean: [f32; 3],
    scale: f32,
}

impl Network {
    /// # Errors
    /// The pack has no such network, one that RTen cannot run, or one with another order of its input.
    pub(super) fn load(pack: &Pack, name: &str) -> Result<Self, pack::Error> {
        let InputContract { layout, mean, divisor, .. } = *pack.input_contract(name)?;
        if layout != Layout::NchwBgr {
            let detail = format!("the input of network {name} has the order {layout:?}");
            return Err(pack::Error::Manifest { detail });
        }
        let mut options = ModelOptions::with_all_ops();
        let model = options.prepack_weights(true).load(pack.read_network(name)?).map_err(|error| {
            pack::Error::BadNetwork { network: name.to_owned(), detail: error.to_string() }
        })?;
        Ok(Self { model, mean, scale: 1.0 / divisor })
    }

    /// Runs on a picture, which is filled up with middle grey at its right to `width` pixels; answers the output's sizes,
    /// which must be `N`, and numbers.
    ///
    /// # Errors
    /// The network failed.
    pub(super) fn run<const N: usize>(
        &self,
        picture: &Picture,
        width: usize,
        work: &mut Work,
    ) -> Result<([usize; N], Vec<f32>), Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Network(error.to_string());
        let height = picture.height() as usize;
        let input = self.planes(picture, width);
        let input = Value::from_shape([1, 3, height, width], input).map_err(|error| failed(&error))?;
        let pool = POOL.with(Arc::clone);
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&pool)));
        let (output, processor_us) = pool.run(|| {
            let watch = Stopwatch::start();
            let output = self.model.run_one(input.into(), Some(options));
            (output, watch.processor_us())
        });
        work.processor_us += processor_us;
        let output = output.map_err(|error| failed(&error))?;
        output.into_shape_vec().map_err(|error| failed(&error))
    }

    /// Planes of blue, green and red.
    fn planes(&self, picture: &Picture, width: usize) -> Vec<f32> {
        let (filled, height) = (picture.width() as usize, picture.height() as usize);
        let mut planes = vec![0.0; 3 * height * width];
        for (plane, channel) in planes.chunks_exact_mut(height * width).zip([2, 1, 0]) {
            let mean = self.mean[channel];
            for (row, line) in plane.chunks_exact_mut(width).zip(picture.rgb().chunks_exact(filled * 3)) {
                for (value, pixel) in row.iter_mut().zip(line.as_chunks::<3>().0) {
                    *value = (f32::from(pixel[channel]) - mean) * self.scale;
                }
            }
        }
        planes
    }
}
