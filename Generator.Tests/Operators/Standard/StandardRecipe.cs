using System.Globalization;
using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;

namespace Cameo.Tests.Operators.Standard;

/// <summary>One node of an operator: a line of recipes.txt.</summary>
internal sealed record StandardRecipe(string Name, int From, int To, IReadOnlyList<string> Inputs, IReadOnlyList<(string Name, string Value)> Attributes)
{
    private const string OutputCount = "outputs";

    /// <summary>Reads "name@from-to | inputs | attributes".</summary>
    public static StandardRecipe Parse(string line)
    {
        string[] parts = line.Split('|', StringSplitOptions.TrimEntries);
        string[] head = parts[0].Split('@');
        string[] range = head.Length > 1 ? head[1].Split('-') : ["", ""];
        return new StandardRecipe(
            head[0],
            range[0].Length > 0 ? int.Parse(range[0]) : 1,
            range[1].Length > 0 ? int.Parse(range[1]) : int.MaxValue,
            parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries),
            [.. parts[2].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static word => (word[..word.IndexOf('=')], word[(word.IndexOf('=') + 1)..]))]);
    }

    /// <summary>The node for operators without a line.</summary>
    public static StandardRecipe Default(StandardOperator known) =>
        new(known.Name, 1, int.MaxValue, [.. known.Inputs.SelectMany(static input => input.IsOptional ? [] : input.IsVariadic ? ["2x3x4", "2x3x4"] : (string[])["2x3x4"])], []);

    /// <summary>A model of the node.</summary>
    /// <param name="known">The operator.</param>
    /// <param name="types">The letter of each type variable.</param>
    /// <param name="hasAllOutputs">Whether optional outputs are asked for too.</param>
    /// <param name="states">Attributes with their defaults, to be stated.</param>
    public byte[] ToModel(StandardOperator known, IReadOnlyDictionary<string, char> types, bool hasAllOutputs, IEnumerable<(string, object)> states)
    {
        var builder = new OnnxModelBuilder(known.Domain.Length == 0 ? known.Version : 18);
        if (known.Domain.Length > 0)
        {
            builder.Import(known.Domain, known.Version);
        }

        char Letter(string type) => types.TryGetValue(type, out char letter) ? letter : type[0];
        string[] inputs = [.. Inputs.Select((input, index) => input == "-" ? "" : $"x{index}")];
        for (int index = 0; index < inputs.Length; index++)
        {
            StandardParameter parameter = known.Inputs[Math.Min(index, known.Inputs.Count - 1)];
            if (inputs[index].Length > 0)
            {
                AddInput(builder, inputs[index], Inputs[index], Letter(parameter.Type));
            }
        }

        StandardParameter[] made = [.. known.Outputs.SelectMany(output => output.IsVariadic ? Enumerable.Repeat(output, VariadicCount) : output.IsOptional && !hasAllOutputs ? [] : [output])];
        if (made.Length == 0)
        {
            made = [known.Outputs[0]];
        }

        builder.Node(known.Name, inputs, [.. made.Select(static (_, index) => $"y{index}")],
            [.. Attributes.Where(static attribute => attribute.Name != OutputCount).Select(attribute => Attribute(known, attribute.Name, attribute.Value, Letter)), .. states]);
        for (int index = 0; index < made.Length; index++)
        {
            builder.Output($"y{index}", new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)TypeLetters.Of(Letter(made[index].Type)) } });
        }

        return builder.ToBytes();
    }

    /// <summary>Whether optional outputs can be asked for.</summary>
    public bool MayHaveAllOutputs(StandardOperator known) => known.Outputs.Any(static output => output.IsOptional) && Attributes.All(static attribute => attribute.Name != OutputCount);

    private int VariadicCount => Attributes.FirstOrDefault(static attribute => attribute.Name == OutputCount).Value is { } count ? int.Parse(count) : 2;

    private static void AddInput(OnnxModelBuilder builder, string name, string text, char letter)
    {
        if (!text.StartsWith('='))
        {
            builder.Input(name, TypeLetters.Of(letter), text == "s" ? [] : [.. text.Split('x').Select(static size => (object)long.Parse(size))]);
            return;
        }

        bool isScalar = text.StartsWith("=:", StringComparison.Ordinal);
        double[] values = [.. text[(isScalar ? 2 : 1)..].Split(',').Select(Number)];
        long[] sizes = isScalar ? [] : [values.Length];
        if (letter == 's')
        {
            builder.Texts(name, [.. values.Select(static value => $"{value}")], sizes);
            return;
        }

        builder.Constant(name, TypeLetters.Of(letter), TypeLetters.Bytes(letter, values), sizes);
    }

    private static (string, object) Attribute(StandardOperator known, string name, string value, Func<string, char> letter)
    {
        if (value == "name")
        {
            return (name, TypeLetters.Of(letter("T2")).ToString().ToUpperInvariant());
        }

        if (!value.StartsWith('@'))
        {
            return (name, Literal(value));
        }

        string type = value[1..].Split(':')[0];
        char element = type == "last" ? letter(known.Types.Keys.Last()) : letter(type);
        if (value.Contains(':'))
        {
            return (name, Tensor(element, [.. value[(value.IndexOf('[') + 1)..^1].Split(',').Select(Number)]));
        }

        return name switch
        {
            "cats" => (element == 's' ? "cats_strings" : "cats_int64s", List(element == 's' ? 's' : 'i')),
            "keys" or "values" or "pool" => (name + (element switch { 's' => "_strings", 'f' => "_floats", _ => "_int64s" }), List(element)),
            "imputed" => element is 'i' or 'c' ? ("imputed_value_int64s", new long[] { 7 }) : ("imputed_value_floats", new[] { 7f }),
            "classlabels" => (element == 's' ? "classlabels_strings" : known.Attributes.Any(static attribute => attribute.StartsWith("classlabels_ints:", StringComparison.Ordinal)) ? "classlabels_ints" : "classlabels_int64s",
                element == 's' ? new[] { "a", "b" } : new long[] { 1, 2 }),
            _ => (name, (long)(int)TypeLetters.Of(element)),
        };
    }

    private static object List(char element) => element switch
    {
        's' => new[] { "a", "b", "c" },
        'f' => new[] { 1f, 2, 3 },
        _ => new long[] { 1, 2, 3 },
    };

    private static TensorProto Tensor(char element, double[] values)
    {
        var tensor = new TensorProto { DataType = (int)TypeLetters.Of(element) };
        tensor.Dims.Add(values.Length);
        if (element == 's')
        {
            tensor.StringData.Add(values.Select(static value => ByteString.CopyFromUtf8($"{value}")));
        }
        else
        {
            tensor.RawData = ByteString.CopyFrom(TypeLetters.Bytes(element, values));
        }

        return tensor;
    }

    private static object Literal(string value)
    {
        if (value.StartsWith('['))
        {
            string[] items = value[1..^1].Split(',', StringSplitOptions.RemoveEmptyEntries);
            return items.Any(static item => item.StartsWith('"')) ? items.Select(static item => item.Trim('"')).ToArray()
                : items.Any(static item => item.Contains('.')) ? items.Select(static item => (float)Number(item)).ToArray()
                : items.Select(static item => (long)Number(item)).ToArray();
        }

        return value.StartsWith('"') ? value.Trim('"') : value.Contains('.') ? (object)(float)Number(value) : (long)Number(value);
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
