//! The trunk of a text network: the convolutions at its beginning, on this crate's own kernels.
//!
//! RTen runs what the trunk leaves. Its convolutions take several times as long, most of all those of single channels.

mod fold;
mod plan;

use self::plan::Place;
use crate::{
    kernels::{
        NhwcShape, ShapeMismatch, Window,
        arrange::{Enlarged, add, join, unfold},
        convolution::{Activation, Epilogue, convolve},
        depthwise::convolve_depthwise,
        gate::{Dense, Gate, open_gates},
        pooling::mean_pool,
    },
    pack::onnx::Graph,
};

/// Numbers with their shape, channels innermost.
#[derive(Clone)]
pub(super) struct Map {
    pub(super) values: Vec<f32>,
    pub(super) shape: NhwcShape,
}

impl Map {
    /// The sizes and numbers with channels outermost.
    pub(super) fn into_planes(self) -> ([usize; 4], Vec<f32>) {
        let NhwcShape { batch, height, width, channels } = self.shape;
        let sizes = [batch, channels, height, width];
        if channels == 1 || height * width == 1 {
            return (sizes, self.values);
        }
        let mut planes = Vec::with_capacity(self.values.len());
        for picture in self.values.chunks_exact(height * width * channels) {
            for channel in 0..channels {
                planes.extend(picture[channel..].iter().step_by(channels));
            }
        }
        (sizes, planes)
    }
}

/// The layers of a trunk in the order in which they run.
pub(super) struct Trunk {
    steps: Vec<Step>,
    /// The values that the rest of the network reads: their names, and where they are.
    ends: Vec<(String, Place)>,
    /// The last step that reads each value; none where the rest reads it.
    last_steps: Vec<Option<usize>>,
}

/// One layer at work: what it reads, and the number of the value that it makes.
struct Step {
    layer: Layer,
    inputs: Vec<Place>,
    output: usize,
}

enum Layer {
    Convolution(Filters),
    /// A convolution whose channels become two by two positions.
    Enlarging(Filters),
    Depthwise(Filters),
    Gate(Gates),
    /// The mean of windows of this height and width.
    Mean(usize, usize),
    Sum,
    Join,
}

struct Filters {
    weights: Vec<f32>,
    bias: Vec<f32>,
    window: Window,
    activation: Activation<'static>,
}

impl Filters {
    fn epilogue(&self) -> Epilogue<'_> {
        Epilogue { bias: &self.bias, residual: None, activation: self.activation }
    }
}

/// As [`Gate`], with what that borrows.
struct Gates {
    first: Affine,
    second: Affine,
    slope: f32,
    offset: f32,
    is_added: bool,
}

impl Gates {
    fn gate(&self) -> Gate<'_> {
        let Self { first, second, slope, offset, is_added } = self;
        let (first, second) = (first.dense(), second.dense());
        Gate { first, second, slope: *slope, offset: *offset, is_added: *is_added }
    }
}

struct Affine {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Affine {
    fn dense(&self) -> Dense<'_> {
        Dense { weights: &self.weights, bias: &self.bias }
    }
}

impl Trunk {
    /// As much of a network as the layers make; nothing is no error.
    pub(super) fn of(graph: &Graph) -> Self {
        plan::plan(graph)
    }

    /// Names of the values that [`Trunk::run`] answers.
    pub(super) fn ends(&self) -> impl Iterator<Item = &str> {
        self.ends.iter().map(|(name, _)| name.as_str())
    }

    /// # Errors
    /// The input is too small, or has not as many channels as the network takes.
    pub(super) fn run(&self, input: Map) -> Result<Vec<Map>, ShapeMismatch> {
        let mut maps: Vec<Option<Map>> = vec![None; self.last_steps.len()];
        maps[0] = Some(input);
        for (index, step) in self.steps.iter().enumerate() {
            let is_last = |place: &Place| self.last_steps[place.value] == Some(index);
            let own = step.inputs.first().filter(|place| is_last(place));
            let own = own.and_then(|place| maps[place.value].take());
            let map = step.run(own, &maps)?;
            for place in step.inputs.iter().filter(|place| is_last(place)) {
                maps[place.value] = None;
            }
            maps[step.output] = Some(map);
        }
        let end = |(_, place): &(String, Place)| {
            let map = maps[place.value].take();
            map.ok_or(ShapeMismatch("a value of the trunk was not made"))
        };
        self.ends.iter().map(end).collect()
    }
}

impl Step {
    /// `own` is the first input where nobody else reads it; it is missing among the maps then.
    fn run(&self, own: Option<Map>, maps: &[Option<Map>]) -> Result<Map, ShapeMismatch> {
        let missing = ShapeMismatch("a layer's input was not made");
        let map = |index: usize| {
            let place = self.inputs.get(index).ok_or(missing)?;
            let map = own.as_ref().filter(|_| index == 0).or(maps[place.value].as_ref()).ok_or(missing)?;
            Ok(Enlarged { values: &map.values, shape: map.shape, factor: place.factor })
        };
        let first = map(0)?;
        let (values, shape) = match &self.layer {
            Layer::Convolution(filters) => filters.convolve(first)?,
            Layer::Enlarging(filters) => {
                let (values, shape) = filters.convolve(first)?;
                unfold(&values, shape)?
            }
            Layer::Depthwise(filters) => {
                let Filters { weights, window, .. } = filters;
                convolve_depthwise(first.values, first.shape, weights, *window, false, filters.epilogue())?
            }
            Layer::Gate(gates) => {
                let shape = first.shape;
                let copied = own.is_none().then(|| first.values.to_vec());
                let mut values = own.map(|own| own.values).or(copied).ok_or(missing)?;
                open_gates(&mut values, shape, gates.gate())?;
                (values, shape)
            }
            Layer::Mean(height, width) => mean_pool(first.values, first.shape, (*height, *width))?,
            Layer::Sum => add(first, map(1)?)?,
            Layer::Join => {
                let maps: Result<Vec<_>, ShapeMismatch> = (0..self.inputs.len()).map(map).collect();
                join(&maps?)?
            }
        };
        Ok(Map { values, shape })
    }
}

impl Filters {
    fn convolve(&self, input: Enlarged<'_>) -> Result<(Vec<f32>, NhwcShape), ShapeMismatch> {
        convolve(input.values, input.shape, &self.weights, self.window, self.epilogue())
    }
}

#[cfg(test)]
mod tests;
