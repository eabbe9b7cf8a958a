using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Cameo.Benchmarks.Peers;
using Cameo.Benchmarks.StartUp;

// One program for both engines, compiled ahead of time: one image through the model of digits, its scores on the output. With an argument, the path of the model, by
// ONNX Runtime; else by Cameo.
const int side = 28;
const int float32 = 1;
var pixels = new float[side * side];
for (int index = 0; index < pixels.Length; index++)
{
    pixels[index] = index % 7 / 7f;
}

float[] scores;
if (args.Length > 0)
{
    using var session = new OnnxRuntimeSession(args[0], threads: 1);
    OnnxRuntimeTensor output = session.Run(new Dictionary<string, OnnxRuntimeTensor>
    {
        [session.InputNames[0]] = new(float32, [1, 1, side, side], MemoryMarshal.AsBytes<float>(pixels).ToArray()),
    })[session.OutputNames[0]];
    scores = MemoryMarshal.Cast<byte, float>(output.Bytes).ToArray();
}
else
{
    using var model = new Digits();
    using Digits.Session session = model.CreateSession();
    scores = session.Run(new ReadOnlyTensorSpan<float>(pixels, [1, 1, side, side])).ToArray();
}

Console.WriteLine(string.Join(' ', scores.Select(static score => score.ToString("R", System.Globalization.CultureInfo.InvariantCulture))));
