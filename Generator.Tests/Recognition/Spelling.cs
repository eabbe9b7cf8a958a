using System.Globalization;
using Cameo.Tests.Infrastructure;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Recognition;

/// <summary>
/// Writes a formula as a model, in another way for every seed: operands change places, literals are initializers, Constant nodes, or of another type and cast, what is
/// used twice is shared or computed twice, identities stand in between.
/// </summary>
internal sealed class Spelling(int seed, int opset = 18, DataType type = DataType.Float)
{
    private readonly Random _random = new(seed);
    private int _names;

    public OnnxModelBuilder Builder { get; } = new(opset);

    public int Seed { get; } = seed;

    public DataType Type { get; } = type;

    /// <summary>The value that CastLike takes its type from.</summary>
    public string Like { get; set; } = "x";

    public string Input(string name, params object[] sizes)
    {
        Builder.Input(name, Type, sizes);
        return name;
    }

    /// <summary>A float32 weight, cast where the model computes in another type.</summary>
    public string Weight(string name, params long[] sizes)
    {
        Builder.Weight(name, sizes);
        return Type == DataType.Float ? name : Cast(name, Type);
    }

    /// <summary>True for one half of the seeds, another half at every call.</summary>
    public bool Flip() => _random.Next(2) == 0;

    /// <summary>One of several ways to write the same.</summary>
    public string Any(params Func<string>[] ways) => ways[_random.Next(ways.Length)]();

    public string Number(double value, DataType? type = null)
    {
        DataType own = type ?? Type;
        string name = Name("literal");
        long[] sizes = Flip() ? [] : [1];
        switch (_random.Next(own == DataType.Float || own == DataType.Double ? 4 : 2))
        {
            case 0 or 1:
                Builder.Number(name, own, value, Flip(), sizes);
                return name;
            case 2:
                // Exporters of functions write float literals and let CastLike choose.
                Builder.Number(name, DataType.Double, value, Flip(), sizes);
                return own == Type ? Op("CastLike", [name, Like]) : Cast(name, own);
            default:
                Builder.Number(name, DataType.Double, value, Flip(), sizes);
                return Cast(name, own);
        }
    }

    public string Add(string left, string right) => Commute("Add", left, right);

    public string Multiply(string left, string right) => Commute("Mul", left, right);

    public string Subtract(string left, string right) => Op("Sub", [left, right]);

    public string Divide(string left, string right) => Op("Div", [left, right]);

    /// <summary>A product with a number, or a quotient by its inverse.</summary>
    public string Scale(string value, double factor) => Flip() ? Multiply(value, Number(factor)) : Divide(value, Number(1 / factor));

    /// <summary>A product of several values, in any order and with any parentheses.</summary>
    public string Product(params string[] factors)
    {
        List<string> rest = [.. factors];
        while (rest.Count > 1)
        {
            string left = Take(rest), right = Take(rest);
            rest.Add(Multiply(left, right));
        }

        return rest[0];
    }

    public string Square(string value) => Any(() => Op("Pow", [value, Number(2)]), () => Op("Mul", [value, value]), () => Op("Pow", [value, Number(2, DataType.Int64)]));

    public string Cast(string value, DataType to) => Op("Cast", [value], ("to", (long)to));

    public string Mean(string value, long axis)
    {
        if (opset < 18)
        {
            return Op("ReduceMean", [value], ("axes", new[] { axis }), ("keepdims", 1));
        }

        string axes = Integers(axis);
        return Op("ReduceMean", [value, axes], ("keepdims", 1));
    }

    public string Integers(params long[] values)
    {
        string name = Name("list");
        Builder.Integers(name, values);
        return name;
    }

    public string Op(string type, string[] inputs, params (string Name, object Value)[] attributes)
    {
        string name = Name(type.ToLower(CultureInfo.InvariantCulture));
        Builder.Node(type, inputs, [name], attributes);
        if (_random.Next(8) > 0)
        {
            return name;
        }

        string again = Name("same");
        Builder.Node("Identity", [name], [again]);
        return again;
    }

    /// <summary>Several outputs of one node.</summary>
    public string[] Split(string type, string[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        string[] names = [.. Enumerable.Range(0, outputs).Select(_ => Name("part"))];
        Builder.Node(type, inputs, names, attributes);
        return names;
    }

    /// <summary>Slice along one axis.</summary>
    public string Slice(string value, long start, long end, long axis, long step = 1) =>
        Op("Slice", [value, Integers(start), Integers(end), Integers(axis), Integers(step)]);

    /// <summary>Something computed once and used at several places, or computed at each.</summary>
    public Func<string> Shared(Func<string> write)
    {
        string? known = null;
        bool shares = Flip();
        return () => shares ? known ??= write() : write();
    }

    private string Commute(string type, string left, string right) => Op(type, Flip() ? [left, right] : [right, left]);

    private string Take(List<string> values)
    {
        int index = _random.Next(values.Count);
        string value = values[index];
        values.RemoveAt(index);
        return value;
    }

    private string Name(string hint) => $"{hint}{_names++}";
}
