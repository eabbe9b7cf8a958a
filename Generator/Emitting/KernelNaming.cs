using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Emitting;

/// <summary>Names kernels after the last of the model's nodes that they stand for; the node's own name often says the operator already.</summary>
internal static class KernelNaming
{
    /// <summary>Names of methods; what repeats is named without the numbers that count it.</summary>
    public static Dictionary<CallSite, string> Name(KernelSchedule schedule, Identifiers taken, string prefix)
    {
        var names = new Dictionary<CallSite, string>();
        foreach (CallSite site in schedule.Sites)
        {
            Kernel first = site.Template.Kernel;
            string? common = site.IsRepeated ? NamePattern.Find([.. site.Kernels.Select(kernel => Origin(schedule.Template(kernel).Kernel).Name)])?.Common() : null;
            names[site] = taken.Unique(prefix + Name(first, common));
        }

        return names;
    }

    /// <summary>Operator and name of the node that names a kernel.</summary>
    public static (string Type, string Name) Origin(Kernel kernel)
    {
        string[] origin = kernel.Node.Origins[kernel.Node.Origins.Count - 1].Split([' '], 2);
        return (origin[0].Substring(origin[0].LastIndexOf('.') + 1), origin.Length > 1 ? origin[1] : kernel.Node.Name);
    }

    private static string Name(Kernel kernel, string? common)
    {
        (string operation, string node) = Origin(kernel);
        string type = Identifiers.Pascal(operation);
        string name = Identifiers.Pascal(common ?? node);
        name = name.IndexOf(type, StringComparison.OrdinalIgnoreCase) >= 0 ? name : name + type;
        return kernel.Kind == "copy" ? name + "Copy" : name;
    }
}
