"""The language model in torch: a Llama-like decoder whose parameters carry the names of the exported graph."""
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Configuration:
    vocabulary: int = 2048
    hidden: int = 128
    layers: int = 5
    heads: int = 4
    key_value_heads: int = 2
    feed_forward: int = 352
    positions: int = 512
    theta: float = 10000.0
    epsilon: float = 1e-5
    # While training, of the embeddings and of what each half of a layer adds. Without it the model knows the training
    # chapters by heart after six rounds, and the held-out ones get no better.
    dropout: float = 0.1

    @property
    def head_size(self):
        return self.hidden // self.heads


def rotary_tables(configuration):
    """cos and sin of position times frequency, [positions, head_size / 2]; the graph stores these very tables."""
    half = configuration.head_size // 2
    frequencies = configuration.theta ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(configuration.positions, dtype=torch.float64)[:, None] * frequencies[None, :]
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    """Rotates the two halves of each head against each other; x is [batch, heads, sequence, head_size]."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class RootMeanSquareNorm(nn.Module):
    def __init__(self, size, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.epsilon = epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon) * self.weight


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.input_norm = RootMeanSquareNorm(c.hidden, c.epsilon)
        self.q_proj = nn.Linear(c.hidden, c.heads * c.head_size, bias=False)
        self.k_proj = nn.Linear(c.hidden, c.key_value_heads * c.head_size, bias=False)
        self.v_proj = nn.Linear(c.hidden, c.key_value_heads * c.head_size, bias=False)
        self.o_proj = nn.Linear(c.heads * c.head_size, c.hidden, bias=False)
        self.post_norm = RootMeanSquareNorm(c.hidden, c.epsilon)
        self.gate_proj = nn.Linear(c.hidden, c.feed_forward, bias=False)
        self.up_proj = nn.Linear(c.hidden, c.feed_forward, bias=False)
        self.down_proj = nn.Linear(c.feed_forward, c.hidden, bias=False)

    def forward(self, x, cos, sin, mask):
        c, (batch, sequence, _) = self.c, x.shape

        def drop(y):
            return functional.dropout(y, c.dropout, self.training)

        def heads(y, count):
            return y.view(batch, sequence, count, c.head_size).transpose(1, 2)

        y = self.input_norm(x)
        # The scale goes into the queries: they are smaller than the scores.
        q = rotate(heads(self.q_proj(y), c.heads), cos, sin) * (1 / math.sqrt(c.head_size))
        k = rotate(heads(self.k_proj(y), c.key_value_heads), cos, sin)
        v = heads(self.v_proj(y), c.key_value_heads)
        # Query heads of one group stand one below the other, so that keys and values need no repetition.
        group = c.heads // c.key_value_heads
        q = q.reshape(batch, c.key_value_heads, group * sequence, c.head_size)
        scores = (q @ k.transpose(-1, -2)).view(batch, c.key_value_heads, group, sequence, sequence) + mask
        weights = scores.softmax(-1).view(batch, c.key_value_heads, group * sequence, sequence)
        attended = (weights @ v).view(batch, c.heads, sequence, c.head_size).transpose(1, 2)
        x = x + drop(self.o_proj(attended.reshape(batch, sequence, c.heads * c.head_size)))
        y = self.post_norm(x)
        return x + drop(self.down_proj(functional.silu(self.gate_proj(y)) * self.up_proj(y)))


class LanguageModel(nn.Module):
    """Tokens [batch, sequence] → logits [batch, sequence, vocabulary]; the embedding is also the output matrix."""

    def __init__(self, configuration):
        super().__init__()
        c = self.configuration = configuration
        self.embedding = nn.Parameter(torch.randn(c.vocabulary, c.hidden) * 0.02)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.norm = RootMeanSquareNorm(c.hidden, c.epsilon)
        cos, sin = rotary_tables(c)
        self.register_buffer("cos", cos.float(), persistent=False)
        self.register_buffer("sin", sin.float(), persistent=False)
        for layer in self.layers:
            for name in ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj"):
                nn.init.normal_(getattr(layer, name).weight, std=0.02)
            for name in ("o_proj", "down_proj"):   # what adds to the residual stream starts smaller, the deeper the less
                nn.init.normal_(getattr(layer, name).weight, std=0.02 / math.sqrt(2 * c.layers))

    def hidden(self, tokens):
        sequence = tokens.shape[1]
        mask = torch.full((sequence, sequence), float("-inf"), dtype=self.embedding.dtype).triu(1)
        x = functional.dropout(self.embedding[tokens], self.configuration.dropout, self.training)
        for layer in self.layers:
            x = layer(x, self.cos[:sequence], self.sin[:sequence], mask)
        return self.norm(x)

    def forward(self, tokens):
        return self.hidden(tokens) @ self.embedding.t()


def load(path):
    """Returns (model, checkpoint) of a file that train_language_model.py wrote."""
    checkpoint = torch.load(path, map_location="cpu")
    model = LanguageModel(Configuration(**checkpoint["configuration"]))
    model.load_state_dict(checkpoint["model"])
    return model.eval(), checkpoint


def exact(model):
    """The same weights in float64, with rotary tables as the graph stores them (rounded to float32)."""
    result = LanguageModel(model.configuration)
    result.load_state_dict(model.state_dict())
    return result.double().eval()
