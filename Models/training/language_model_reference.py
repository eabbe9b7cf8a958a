"""Runs kjv.onnx with numpy, operator by operator as ONNX opset 23 defines them, and compares it with torch.

    /usr/bin/python3 language_model_reference.py work/step04000.pt

Needs the Debian packages python3-torch, python3-onnx and python3-numpy.
"""
import os
import sys

import numpy
import onnx
import torch
from onnx import helper, numpy_helper

TYPES = {onnx.TensorProto.BOOL: bool, onnx.TensorProto.FLOAT: numpy.float64, onnx.TensorProto.INT64: numpy.int64}


def rms_normalization(x, scale, axis=-1, epsilon=1e-5):
    axes = tuple(range(axis % x.ndim, x.ndim))
    return x / numpy.sqrt(numpy.mean(x * x, axis=axes, keepdims=True) + epsilon) * scale


def split_heads(x, heads):
    batch, sequence, width = x.shape
    return x.reshape(batch, sequence, heads, width // heads).transpose(0, 2, 1, 3)


def rotary_embedding(x, cos_cache, sin_cache, position_ids, interleaved=0, num_heads=0):
    assert interleaved == 0 and x.ndim == 3
    y = split_heads(x, num_heads)
    cos, sin = cos_cache[position_ids][:, None], sin_cache[position_ids][:, None]
    half = cos.shape[-1]
    first, second = y[..., :half], y[..., half:]
    y = numpy.concatenate((first * cos - second * sin, first * sin + second * cos), -1)
    return y.transpose(0, 2, 1, 3).reshape(x.shape)


def attention(q, k, v, mask, past_key, past_value, is_causal=0, q_num_heads=0, kv_num_heads=0, scale=None):
    q, k, v = split_heads(q, q_num_heads), split_heads(k, kv_num_heads), split_heads(v, kv_num_heads)
    present_key = numpy.concatenate((past_key, k), 2)
    present_value = numpy.concatenate((past_value, v), 2)
    group = q_num_heads // kv_num_heads
    keys, values = present_key.repeat(group, 1), present_value.repeat(group, 1)
    scores = q @ keys.swapaxes(2, 3) * scale
    sequence, total = scores.shape[2:]
    allowed = numpy.broadcast_to(mask, scores.shape)
    if is_causal:   # query i stands behind the past: it sees the past and the new tokens up to itself
        allowed = allowed & (numpy.arange(total)[None, :] <= numpy.arange(sequence)[:, None] + past_key.shape[2])
    scores = numpy.where(allowed, scores, -numpy.inf)
    # A query that may see nothing at all (padding) attends to nothing: zeros, so that no NaN reaches other rows.
    best = scores.max(-1, keepdims=True)
    weights = numpy.exp(scores - numpy.where(numpy.isfinite(best), best, 0))
    y = weights / numpy.maximum(weights.sum(-1, keepdims=True), numpy.finfo(numpy.float64).tiny) @ values
    batch = y.shape[0]
    return y.transpose(0, 2, 1, 3).reshape(batch, sequence, -1), present_key, present_value


OPERATORS = {
    "Cast": lambda x, to: x.astype(TYPES[to]),
    "Unsqueeze": lambda x, axes: numpy.expand_dims(x, tuple(axes.tolist())),
    "Shape": lambda x, start, end: numpy.array(x.shape[start:end], numpy.int64),
    "Concat": lambda *x, axis: numpy.concatenate(x, axis),
    "Expand": lambda x, shape: x * numpy.ones(shape, x.dtype),
    "Gather": lambda x, indices: x[indices],
    "MatMul": lambda a, b: a @ b,
    "Add": lambda a, b: a + b,
    "Mul": lambda a, b: a * b,
    "Sigmoid": lambda x: 1 / (1 + numpy.exp(-x)),
    "RMSNormalization": rms_normalization,
    "RotaryEmbedding": rotary_embedding,
    "Attention": attention,
}


class ReferenceModel:
    """The graph in float64, with the caches carried from run to run."""

    def __init__(self, path):
        graph = onnx.load(path).graph
        self.nodes = graph.node
        self.constants = {}
        for tensor in graph.initializer:
            array = numpy_helper.to_array(tensor)
            self.constants[tensor.name] = array.astype(numpy.float64) if array.dtype == numpy.float32 else array
        self.caches = {i.name: i.type.tensor_type.shape.dim for i in graph.input if i.name.startswith("past_")}
        self.past = None

    def run(self, tokens, mask=None):
        """tokens [batch, sequence] → logits; the mask [batch, past + sequence] marks padding with 0."""
        tokens = numpy.asarray(tokens, numpy.int64)
        batch, sequence = tokens.shape
        if self.past is None:
            self.past = {name: numpy.zeros((batch, d[1].dim_value, 0, d[3].dim_value)) for name, d in self.caches.items()}
        length = next(iter(self.past.values())).shape[2]
        mask = numpy.ones((batch, length + sequence), numpy.int64) if mask is None else numpy.asarray(mask)
        positions = numpy.maximum(mask.cumsum(1) - 1, 0)[:, length:]
        values = {**self.constants, **self.past, "input_ids": tokens, "attention_mask": mask, "position_ids": positions}
        for node in self.nodes:
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            results = OPERATORS[node.op_type](*(values[name] for name in node.input), **attributes)
            values.update(zip(node.output, results if isinstance(results, tuple) else (results,)))
        self.past = {name: values[name.replace("past_key_values", "present")] for name in self.past}
        return values["logits"]


def compare_with_torch(path, exact, tokenizer):
    """Prefill, prefill plus single tokens, and a left-padded batch must give torch's float64 logits."""
    def torch_logits(tokens):
        with torch.no_grad():
            return exact(torch.tensor([tokens]))[0].numpy()

    # The graph stores the weights in float32 and its attributes (epsilon, scale) as float32, too.
    limit = 1e-6
    long = tokenizer.encode("And it came to pass in those days, that there went out a decree from Caesar Augustus, "
                            "that all the world should be taxed.")
    short = tokenizer.encode("Jesus wept.")
    expected = torch_logits(long)
    differences = {"prefill": numpy.abs(ReferenceModel(path).run([long])[0] - expected).max()}

    model = ReferenceModel(path)
    parts = [model.run([long[:5]])] + [model.run([[token]]) for token in long[5:]]
    differences["prefill and decode"] = numpy.abs(numpy.concatenate(parts, 1)[0] - expected).max()

    padding = len(long) - len(short)
    batch = ReferenceModel(path).run([long, [0] * padding + short],
                                     [[1] * len(long), [0] * padding + [1] * len(short)])
    # Rows of padding see nothing at all: their numbers mean nothing and are not compared.
    differences["padded batch"] = max(numpy.abs(batch[0] - expected).max(),
                                      numpy.abs(batch[1, padding:] - torch_logits(short)).max())
    for name, difference in differences.items():
        print(f"{name}: largest difference of a logit {difference:.1e}")
        assert difference < limit, name


def main():
    import language_model
    from tokenizer import Tokenizer
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "language")
    model, _ = language_model.load(sys.argv[1])
    compare_with_torch(os.path.join(folder, "kjv.onnx"), language_model.exact(model),
                       Tokenizer.load(os.path.join(folder, "kjv.tokenizer.json")))


if __name__ == "__main__":
    main()
