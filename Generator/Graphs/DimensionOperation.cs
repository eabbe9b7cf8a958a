namespace Cameo.Generator.Graphs;

/// <summary>Kinds of <see cref="DimensionAtom"/>.</summary>
internal enum DimensionOperation
{
    Symbol,

    /// <summary>Division rounded towards minus infinity.</summary>
    FloorDivide,

    /// <summary>Remainder of <see cref="FloorDivide"/>.</summary>
    Modulo,
    Maximum,
    Minimum,

    /// <summary>The size two broadcast sizes give: the other one where one is 1.</summary>
    Broadcast,
}
