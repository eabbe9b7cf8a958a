using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Operators.Generative;

/// <summary>Attention between tokens without padding, sequence by sequence in double precision.</summary>
public sealed class PackedAttentionTests : IDisposable
{
    private const int Heads = 2, Size = 4, Hidden = Heads * Size, Positions = 4;

    private static readonly int[] Lengths = [1, 2, 4];

    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData("weights", false)]
    [InlineData("weights", true)]
    [InlineData("apart", true)]
    [InlineData("packed", false)]
    public void TokensAttendToTheirSequence(string form, bool hasBias)
    {
        int tokens = Lengths.Sum();
        OnnxModelBuilder builder = new OnnxModelBuilder();
        string[] operands;
        var inputs = new List<(string, Tensor)>();
        void Add(string name, object[] symbolic, params long[] shape)
        {
            builder.Input(name, symbolic);
            inputs.Add((name, Tensor.Create(OnnxModelBuilder.WeightValues(name, shape), shape)));
        }

        builder.Weight("b", 3 * Hidden);
        switch (form)
        {
            case "weights":
                Add("x", ["tokens", 5], tokens, 5);
                builder.Weight("w", 5, 3 * Hidden);
                operands = ["x", "w", "b"];
                break;
            case "apart":
                Add("q", ["tokens", Hidden], tokens, Hidden);
                Add("k", ["tokens", Hidden], tokens, Hidden);
                Add("v", ["tokens", Hidden], tokens, Hidden);
                operands = ["q", "k", "v", "b"];
                break;
            default:
                Add("qkv", ["tokens", Heads, 3, Size], tokens, Heads, 3, Size);
                operands = ["qkv", "", "", "b"];
                break;
        }

        builder.Input("offsets", DataType.Int32, "rows", Positions).Input("ends", DataType.Int32, Lengths.Length + 1);
        int[] starts = [.. Enumerable.Range(0, Lengths.Length).Select(static row => Lengths.Take(row).Sum())];
        int[] places = [.. Lengths.SelectMany(static (length, row) => Enumerable.Range(row * Positions, length))];
        inputs.Add(("offsets", Tensor.Create<int>([.. places, .. Enumerable.Range(0, Lengths.Length * Positions).Except(places)], Lengths.Length, Positions)));
        inputs.Add(("ends", Tensor.Create<int>([.. starts, tokens], Lengths.Length + 1)));
        if (hasBias)
        {
            builder.Weight("bias", 1, Heads, Positions, Positions);
        }

        string type = form == "weights" ? "PackedAttention" : "PackedMultiHeadAttention";
        builder.Node($"com.microsoft.{type}", [.. operands, "offsets", "ends", .. hasBias ? ["bias"] : Array.Empty<string>()], ["y"], ("num_heads", Heads)).Output("y", "tokens", Hidden);
        using CompiledModel model = _models.Load($"Packed{form}{hasBias}", builder);
        using CompiledSession session = model.CreateSession();
        float[] actual = SmallModels.Run(session, "y", [.. inputs]);
        float[] b = OnnxModelBuilder.WeightValues("b", 3 * Hidden), bias = OnnxModelBuilder.WeightValues("bias", 1, Heads, Positions, Positions);
        double Operand(int token, int part, int element) => b[(part * Hidden) + element] + form switch
        {
            "weights" => Enumerable.Range(0, 5).Sum(k =>
                (double)OnnxModelBuilder.WeightValues("x", tokens, 5)[(token * 5) + k] * OnnxModelBuilder.WeightValues("w", 5, 3 * Hidden)[(k * 3 * Hidden) + (part * Hidden) + element]),
            "apart" => OnnxModelBuilder.WeightValues("qkv"[part].ToString(), tokens, Hidden)[(token * Hidden) + element],
            _ => OnnxModelBuilder.WeightValues("qkv", tokens, Heads, 3, Size)[(((((token * Heads) + (element / Size)) * 3) + part) * Size) + (element % Size)],
        };
        for (int row = 0; row < Lengths.Length; row++)
        {
            for (int query = 0; query < Lengths[row]; query++)
            {
                for (int head = 0; head < Heads; head++)
                {
                    double[] weights = [.. Enumerable.Range(0, Lengths[row]).Select(key => Math.Exp(
                        (Enumerable.Range(head * Size, Size).Sum(element => Operand(starts[row] + query, 0, element) * Operand(starts[row] + key, 1, element)) / Math.Sqrt(Size))
                        + (hasBias ? bias[(((head * Positions) + query) * Positions) + key] : 0)))];
                    for (int element = head * Size; element < (head + 1) * Size; element++)
                    {
                        double expected = weights.Select((weight, key) => weight * Operand(starts[row] + key, 2, element)).Sum() / weights.Sum();
                        Assert.Equal(expected, actual[((starts[row] + query) * Hidden) + element], 1e-5);
                    }
                }
            }
        }
    }

    [Fact]
    public void PaddingIsZero()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "tokens", 2).Input("offsets", DataType.Int32, 2, 2).Node("com.microsoft.RestorePadding", ["x", "offsets"], ["y"]).Output("y", 2, 2, 2);
        using CompiledModel model = _models.Load("Restore", builder);
        using CompiledSession session = model.CreateSession();
        Assert.Equal([1, 2, 0, 0, 3, 4, 5, 6], SmallModels.Run(session, "y", ("x", Tensor.Create<float>([1, 2, 3, 4, 5, 6], 3, 2)), ("offsets", Tensor.Create<int>([0, 2, 3, 1], 2, 2))));
    }
}
