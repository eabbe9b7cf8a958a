using Cameo.Generator.Onnx.Proto;
using Google.Protobuf;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Package;

/// <summary>Two linear layers with a ReLU between them: small, but with weights that are packed in panels.</summary>
internal sealed class SmallNetwork(int seed)
{
    private const int Inputs = 48;
    private const int Hidden = 70;
    private const int Outputs = 10;

    private readonly float[] _first = Random(seed, Inputs * Hidden);
    private readonly float[] _firstBias = Random(seed + 1, Hidden);
    private readonly float[] _second = Random(seed + 2, Hidden * Outputs);

    /// <summary>What <see cref="Input"/> gives, in double precision.</summary>
    public double[] Expected
    {
        get
        {
            double[] hidden = Multiply([.. Input.Select(static value => (double)value)], _first, Hidden);
            return Multiply([.. hidden.Select((value, index) => Math.Max(0, value + _firstBias[index]))], _second, Outputs);
        }
    }

    public static float[] Input { get; } = Random(100, Inputs);

    public byte[] ToOnnx()
    {
        GraphProto graph = new()
        {
            Name = "small_network",
            Input = { Value("x", Inputs) },
            Output = { Value("y", Outputs) },
            Initializer = { Tensor("first", _first, Inputs, Hidden), Tensor("bias", _firstBias, Hidden), Tensor("second", _second, Hidden, Outputs) },
            Node =
            {
                new NodeProto { OpType = "Gemm", Name = "layer1", Input = { "x", "first", "bias" }, Output = { "a" } },
                new NodeProto { OpType = "Relu", Name = "activation", Input = { "a" }, Output = { "b" } },
                new NodeProto { OpType = "MatMul", Name = "layer2", Input = { "b", "second" }, Output = { "y" } },
            },
        };
        return new ModelProto { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } }, Graph = graph }.ToByteArray();
    }

    private static float[] Random(int seed, int count)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private static double[] Multiply(double[] row, float[] matrix, int columns)
        => [.. Enumerable.Range(0, columns).Select(column => row.Select((value, index) => value * matrix[(index * columns) + column]).Sum())];

    private static TensorProto Tensor(string name, float[] values, params long[] shape) => new()
    {
        Name = name,
        DataType = (int)DataType.Float,
        Dims = { shape },
        RawData = ByteString.CopyFrom([.. values.SelectMany(BitConverter.GetBytes)]),
    };

    private static ValueInfoProto Value(string name, long size)
    {
        TensorShapeProto shape = new() { Dim = { new TensorShapeProto.Types.Dimension { DimValue = 1 }, new TensorShapeProto.Types.Dimension { DimValue = size } } };
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)DataType.Float, Shape = shape } },
        };
    }
}
