using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>Writes what sessions have for inputs that are maps: an object that orders the entries, whose keys and values are bound like other inputs.</summary>
internal static class MapEmitter
{
    public static void WriteFields(CodeWriter code, EmissionModel model)
    {
        for (int index = 0; index < model.Graph.Maps.Count; index++)
        {
            code.Line($"private readonly global::Cameo.Sessions.MapEntries<{Types(model.Graph.Maps[index])}> {Field(index)} = new({CSharpText.Literal(model.Graph.Maps[index].Name)});");
        }
    }

    /// <summary>Whether an input is keys or values of a map.</summary>
    public static bool IsPart(Graph graph, Value input) => graph.Maps.Any(map => map.Keys == input || map.Values == input);

    /// <summary>The parameters of the typed run.</summary>
    public static IEnumerable<(string Name, string Text)> Parameters(EmissionModel model) => model.Graph.Maps.Select((map, index) =>
        (map.Name, $"global::System.Collections.Generic.IReadOnlyDictionary<{Types(map)}> {model.MapInputNames[index]}"));

    public static void WriteDocumentation(CodeWriter code, EmissionModel model)
    {
        for (int index = 0; index < model.Graph.Maps.Count; index++)
        {
            MapInput map = model.Graph.Maps[index];
            code.Line($"/// <param name=\"{model.MapInputNames[index].TrimStart('@')}\">{CSharpText.Documentation($"{map.Name}: map of {map.Keys.ElementType.OnnxName()} to {map.Values.ElementType.OnnxName()}")}.</param>");
        }
    }

    /// <summary>Orders the entries; from then on keys and values have the names of their inputs.</summary>
    public static void WriteTaking(CodeWriter code, EmissionModel model)
    {
        for (int index = 0; index < model.Graph.Maps.Count; index++)
        {
            MapInput map = model.Graph.Maps[index];
            code.Line($"{Field(index)}.Take({model.MapInputNames[index]});");
            code.Line($"ReadOnlySpan<{map.Keys.ElementType.InterfaceName()}> {model.InputNames[model.Graph.Inputs.IndexOf(map.Keys)]} = {Field(index)}.Keys;");
            code.Line($"ReadOnlySpan<{map.Values.ElementType.InterfaceName()}> {model.InputNames[model.Graph.Inputs.IndexOf(map.Values)]} = {Field(index)}.Values;");
        }
    }

    public static void WriteDescriptions(CodeWriter code, EmissionModel model)
    {
        if (model.Graph.Maps.Count > 0)
        {
            DescriptionList.Write(code, "DescribeMapInputs", "MapDescription", [.. model.Graph.Maps.Select((map, index) =>
                $"new() {{ Name = {CSharpText.Literal(map.Name)}, MemberName = {CSharpText.Literal(model.MapInputNames[index].TrimStart('@'))}, KeyType = (ElementType){(int)map.Keys.ElementType}, ValueType = (ElementType){(int)map.Values.ElementType} }}")]);
        }
    }

    private static string Types(MapInput map) => $"{map.Keys.ElementType.InterfaceName()}, {map.Values.ElementType.InterfaceName()}";

    private static string Field(int index) => $"_map{index}";
}
