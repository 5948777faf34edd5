//! One ONNX network: its convolutions on kernels of our own, the rest by RTen on one thread of its own.

mod trunk;

use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};

use self::trunk::{Map, Trunk};
use super::Error;
use crate::{
    image::Picture,
    kernels::NhwcShape,
    pack::{self, InputContract, Layout, Pack, onnx::Graph},
    stopwatch::Stopwatch,
};

thread_local! {
    /// RTen computes on threads of its own: one for each of the engine's, so that a picture takes one core.
    static POOL: Arc<ThreadPool> = Arc::new(ThreadPool::with_num_threads(1));
}

/// What running networks on threads beside the calling one has cost.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Processor time, microseconds.
    pub(super) processor_us: u64,
}

/// A network from a picture to an array of numbers.
pub(super) struct Network {
    trunk: Trunk,
    /// Where the trunk's ends go in.
    inputs: Vec<NodeId>,
    output: NodeId,
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
        let bad = |detail: String| pack::Error::BadNetwork { network: name.to_owned(), detail };
        let bytes = pack.read_network(name)?;
        let trunk = Trunk::of(&Graph::read(&bytes).map_err(bad)?);
        let mut options = ModelOptions::with_all_ops();
        let model = options.prepack_weights(true).load(bytes).map_err(|error| bad(error.to_string()))?;
        let inputs: Result<Vec<NodeId>, _> = trunk.ends().map(|end| model.node_id(end)).collect();
        let inputs = inputs.map_err(|error| bad(error.to_string()))?;
        let output = *model.output_ids().first().ok_or_else(|| bad("it has no output".into()))?;
        Ok(Self { trunk, inputs, output, model, mean, scale: 1.0 / divisor })
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
        let ends = self.trunk.run(self.input(picture, width)).map_err(|error| failed(&error))?;
        let mut inputs: Vec<(NodeId, ValueOrView<'_>)> = Vec::with_capacity(ends.len());
        for (node, end) in self.inputs.iter().zip(ends) {
            let (sizes, planes) = end.into_planes();
            let value = Value::from_shape(sizes, planes).map_err(|error| failed(&error))?;
            inputs.push((*node, value.into()));
        }
        let pool = POOL.with(Arc::clone);
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&pool)));
        let (output, processor_us) = pool.run(|| {
            let watch = Stopwatch::start();
            let output = self.model.run_n(inputs, [self.output], Some(options));
            (output, watch.processor_us())
        });
        work.processor_us += processor_us;
        let [output] = output.map_err(|error| failed(&error))?;
        output.into_shape_vec().map_err(|error| failed(&error))
    }

    /// Blue, green and red of each pixel.
    fn input(&self, picture: &Picture, width: usize) -> Map {
        let (filled, height) = (picture.width() as usize, picture.height() as usize);
        let shape = NhwcShape { batch: 1, height, width, channels: 3 };
        let mut values = vec![0.0; shape.len()];
        for (row, line) in values.chunks_exact_mut(width * 3).zip(picture.rgb().chunks_exact(filled * 3)) {
            for (value, pixel) in row.as_chunks_mut::<3>().0.iter_mut().zip(line.as_chunks::<3>().0) {
                *value =
                    [2, 1, 0].map(|channel| (f32::from(pixel[channel]) - self.mean[channel]) * self.scale);
            }
        }
        Map { values, shape }
    }
}
