"""Writes a checkpoint of train_language_model.py as language/kjv.onnx, with language/reference.json and words.txt.

    /usr/bin/python3 export_language_model.py work/step04000.pt

Needs the Debian packages python3-torch, python3-onnx, bible-kjv and bible-kjv-text. The graph is opset 23: RMSNormalization, RotaryEmbedding and
Attention with past and present keys and values. The onnx package of Debian is older than that opset and cannot check
the graph, so language_model_reference.py runs the file with numpy and compares it with torch.
"""
import argparse
import json
import os

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

import corpus
import language_model
from language_model_reference import compare_with_torch
from tokenizer import Tokenizer

OPSET, IR_VERSION = 23, 10
PROMPT = "And the LORD spake unto Moses, saying,"   # its best token leads by 0.05 or more at every step
GREEDY_TOKENS = 64


class Graph:
    """Collects nodes and initializers; a node's output takes the node's name."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def constant(self, name, array):
        self.initializers.append(numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name

    def node(self, operator, inputs, outputs, name=None, **attributes):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=name or f"{outputs[0]}/{operator}",
                                           **attributes))
        return outputs[0]


def build(model):
    c = model.configuration
    graph = Graph()

    def weight(name, tensor):
        return graph.constant(name, tensor.detach().numpy().astype(numpy.float32))

    def linear(x, prefix, projection):
        matrix = weight(f"model.{prefix.replace('/', '.')}.weight", projection.weight.t())
        return graph.node("MatMul", [x, matrix], f"/model/{prefix}/MatMul/output_0", f"/model/{prefix}/MatMul")

    # The padding mask [batch, total] becomes the Attention's boolean mask [batch, 1, sequence, total].
    graph.constant("mask_axes", numpy.array([1, 2], numpy.int64))
    graph.constant("mask_ones", numpy.array([1], numpy.int64))
    mask = graph.node("Cast", ["attention_mask"], "mask_bool", to=TensorProto.BOOL)
    mask = graph.node("Unsqueeze", [mask, "mask_axes"], "mask_4d")
    sequence = graph.node("Shape", ["input_ids"], "sequence_length_1d", start=1, end=2)
    shape = graph.node("Concat", ["mask_ones", "mask_ones", sequence, "mask_ones"], "mask_expand_shape", axis=0)
    mask = graph.node("Expand", [mask, shape], "mask_full")

    cos, sin = language_model.rotary_tables(c)
    weight("cos_cache", cos)
    weight("sin_cache", sin)
    weight("model.embed_tokens.weight", model.embedding)
    x = graph.node("Gather", ["model.embed_tokens.weight", "input_ids"], "embeds")
    for index, layer in enumerate(model.layers):
        prefix = f"layers.{index}"

        def norm(value, name, module):
            scale = weight(f"model.{prefix}.{name}.weight", module.weight)
            return graph.node("RMSNormalization", [value, scale], f"/model/{prefix}/{name}", axis=-1,
                              epsilon=c.epsilon)

        y = norm(x, "input_layernorm", layer.input_norm)
        q = linear(y, f"{prefix}/attn/q_proj", layer.q_proj)
        k = linear(y, f"{prefix}/attn/k_proj", layer.k_proj)
        v = linear(y, f"{prefix}/attn/v_proj", layer.v_proj)
        tables = ["cos_cache", "sin_cache", "position_ids"]
        q = graph.node("RotaryEmbedding", [q] + tables, f"/model/{prefix}/q_rot", interleaved=0, num_heads=c.heads)
        k = graph.node("RotaryEmbedding", [k] + tables, f"/model/{prefix}/k_rot", interleaved=0,
                       num_heads=c.key_value_heads)
        past = [f"past_key_values.{index}.key", f"past_key_values.{index}.value"]
        y = graph.node("Attention", [q, k, v, mask] + past,
                       [f"/model/{prefix}/attn_out", f"present.{index}.key", f"present.{index}.value"],
                       is_causal=1, q_num_heads=c.heads, kv_num_heads=c.key_value_heads, scale=c.head_size ** -0.5)
        y = linear(y, f"{prefix}/attn/o_proj", layer.o_proj)
        x = graph.node("Add", [x, y], f"/model/{prefix}/resid_attn")
        y = norm(x, "post_attention_layernorm", layer.post_norm)
        gate = linear(y, f"{prefix}/mlp/gate_proj", layer.gate_proj)
        up = linear(y, f"{prefix}/mlp/up_proj", layer.up_proj)
        sigmoid = graph.node("Sigmoid", [gate], f"/model/{prefix}/mlp/sigmoid")
        silu = graph.node("Mul", [gate, sigmoid], f"/model/{prefix}/mlp/silu")
        product = graph.node("Mul", [silu, up], f"/model/{prefix}/mlp/product")
        y = linear(product, f"{prefix}/mlp/down_proj", layer.down_proj)
        x = graph.node("Add", [x, y], f"/model/{prefix}/resid_mlp")
    x = graph.node("RMSNormalization", [x, weight("model.norm.weight", model.norm.weight)], "final_norm", axis=-1,
                   epsilon=c.epsilon)
    graph.node("MatMul", [x, weight("lm_head.MatMul.weight", model.embedding.t())], "logits", "/lm_head/MatMul")

    def integers(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.INT64, shape)

    def floats(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    inputs = [integers("input_ids", ["batch_size", "sequence_length"]),
              integers("attention_mask", ["batch_size", "total_sequence_length"]),
              integers("position_ids", ["batch_size", "sequence_length"])]
    outputs = [floats("logits", ["batch_size", "sequence_length", c.vocabulary])]
    for index in range(c.layers):
        for part in ("key", "value"):
            inputs.append(floats(f"past_key_values.{index}.{part}",
                                 ["batch_size", c.key_value_heads, "past_sequence_length", c.head_size]))
            outputs.append(floats(f"present.{index}.{part}",
                                  ["batch_size", c.key_value_heads, "total_sequence_length", c.head_size]))
    result = helper.make_model(helper.make_graph(graph.nodes, "kjv", inputs, outputs, graph.initializers),
                               producer_name="cameo", ir_version=IR_VERSION,
                               opset_imports=[helper.make_opsetid("", OPSET)])
    result.doc_string = "A small Llama-like language model trained on the King James Bible."
    helper.set_model_props(result, {"max_position_embeddings": str(c.positions)})
    return result


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--output", default=os.path.join(here, "..", "language"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, checkpoint = language_model.load(options.checkpoint)
    path = os.path.join(options.output, "kjv.onnx")
    onnx.save(build(model), path)

    tokenizer = Tokenizer.load(os.path.join(options.output, "kjv.tokenizer.json"))
    exact = language_model.exact(model)
    prompt = tokenizer.encode(PROMPT)
    tokens, smallest_gap, logits = list(prompt), float("inf"), []
    with torch.no_grad():
        for _ in range(GREEDY_TOKENS):
            logits.append(exact(torch.tensor([tokens]))[0, -1])
            best = logits[-1].topk(2)
            smallest_gap = min(smallest_gap, (best.values[0] - best.values[1]).item())
            tokens.append(best.indices[0].item())
    greedy = tokens[len(prompt):]
    with open(os.path.join(options.output, "reference.json"), "w", encoding="utf-8", newline="\n") as file:
        json.dump({"about": "computed by torch in float64 from the float32 weights of kjv.onnx",
                   "step": checkpoint["step"],
                   "prompt": PROMPT, "prompt_ids": prompt, "greedy_ids": greedy,
                   "greedy_text": tokenizer.decode(tokens),
                   "smallest_gap_between_best_and_second_logit": smallest_gap,
                   "prompt_last_logits": [round(v, 9) for v in logits[0].tolist()],
                   "last_logits": [round(v, 9) for v in logits[-1].tolist()]}, file, indent=0, ensure_ascii=False)
        file.write("\n")
    # What tests count generated words against.
    words = {word for chapter in corpus.chapters() for verse in chapter for word in corpus.words(verse)}
    with open(os.path.join(options.output, "words.txt"), "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(sorted(words)) + "\n")
    print(f"{os.path.getsize(path)} bytes; greedy: {tokenizer.decode(tokens)!r}; smallest gap {smallest_gap:.2e}")
    compare_with_torch(path, exact, tokenizer)


if __name__ == "__main__":
    main()
