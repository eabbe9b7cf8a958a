using Cameo.Threading;

namespace Cameo.Kernels;

/// <summary>Transforms the weights of a Winograd convolution; a part is a range of panels.</summary>
internal readonly unsafe struct WinogradPackingWork(ConvolutionShape shape, float* weights, float* packed) : IParallelWork
{
    private const int Taps = 9;

    private readonly int _panels = ChannelBlocks.CountPanels(shape.GroupOutputs);

    /// <summary>Panels of all groups.</summary>
    public int Count => shape.Groups * _panels;

    public void Run(int part, int parts)
    {
        for (int index = (int)((long)Count * part / parts); index < (int)((long)Count * (part + 1) / parts); index++)
        {
            (int group, int panel) = Math.DivRem(index, _panels);
            Pack(group, panel);
        }
    }

    private void Pack(int group, int panel)
    {
        nint inputs = shape.GroupInputs;
        nint pointStep = _panels * inputs * ChannelBlocks.PanelChannels;
        int first = panel * ChannelBlocks.PanelChannels;
        int count = Math.Min(ChannelBlocks.PanelChannels, shape.GroupOutputs - first);
        float* source = weights + ((((nint)group * shape.GroupOutputs) + first) * inputs * Taps);
        float* destination = packed + ((((nint)group * WinogradTransform.Points * _panels) + panel) * inputs * ChannelBlocks.PanelChannels);
        double* transformed = stackalloc double[WinogradTransform.Points];
        for (nint input = 0; input < inputs; input++)
        {
            for (int lane = 0; lane < ChannelBlocks.PanelChannels; lane++)
            {
                if (lane < count)
                {
                    WinogradTransform.Filter(source + (((lane * inputs) + input) * Taps), transformed);
                }
                else
                {
                    new Span<double>(transformed, WinogradTransform.Points).Clear();
                }

                float* element = destination + (input * ChannelBlocks.PanelChannels) + lane;
                for (int point = 0; point < WinogradTransform.Points; point++)
                {
                    element[point * pointStep] = (float)transformed[point];
                }
            }
        }
    }
}
